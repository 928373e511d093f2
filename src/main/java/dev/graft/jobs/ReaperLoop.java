package dev.graft.jobs;

import dev.graft.platform.LoopThreads;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Reaps on a thread of its own: what else a server does by the clock may take minutes. */
final class ReaperLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(ReaperLoop.class);

  private final Reaper reaper;
  private final long everyMs;
  private final CountDownLatch ended = new CountDownLatch(1);

  ReaperLoop(Reaper reaper, JobProperties settings) {
    this.reaper = reaper;
    this.everyMs = settings.reapEvery().toMillis();
  }

  @Configuration(proxyBeanMethods = false)
  static class Threads {
    @Bean
    LoopThreads reaperThread(Reaper reaper, JobProperties settings) {
      ReaperLoop loop = new ReaperLoop(reaper, settings);
      return new LoopThreads(
          List.of(loop), Thread.ofPlatform().name("reaper"), threads -> loop.ended.countDown());
    }
  }

  @Override
  public void run() {
    try {
      do reap();
      while (!ended.await(everyMs, TimeUnit.MILLISECONDS));
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  private void reap() {
    try {
      WorkerConnections.use(reaper::reap);
    } catch (RuntimeException away) {
      log.atWarn().addKeyValue("cause", away.getMessage()).log("reaper_unanswered");
    }
  }
}
