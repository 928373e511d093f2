package dev.graft.nemesis;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

/** A client that repeats a call while processes are killed. */
final class ClientLoop implements AutoCloseable {
  private static final Duration ENDS = Duration.ofSeconds(60);

  private final Runnable call;
  private final Duration pause;
  private final AtomicInteger unanswered = new AtomicInteger();
  private final Thread loop;
  private volatile boolean closed;

  /**
   * @param call may throw {@link Cluster.NotAcknowledged}, which is counted
   */
  ClientLoop(String name, Duration pause, Runnable call) {
    this.call = call;
    this.pause = pause;
    this.loop = Thread.ofPlatform().name(name).unstarted(this::run);
  }

  void start() {
    loop.start();
  }

  private void run() {
    while (!closed) {
      try {
        call.run();
      } catch (Cluster.NotAcknowledged e) {
        unanswered.incrementAndGet();
      }
      Cluster.Deadline.pause(pause);
    }
  }

  int unanswered() {
    return unanswered.get();
  }

  /** Waits until the last call has ended. */
  @Override
  public void close() {
    closed = true;
    try {
      loop.join(ENDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
