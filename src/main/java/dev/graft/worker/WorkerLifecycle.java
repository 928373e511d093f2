package dev.graft.worker;

import java.util.ArrayList;
import java.util.List;
import org.springframework.context.SmartLifecycle;

/**
 * Starts one thread per device last and stops them first: at shutdown the web server, the database
 * and the lease protocol are still there while jobs are checkpointed and given back.
 */
final class WorkerLifecycle implements SmartLifecycle {
  private final List<WorkerLoop> loops;
  private final List<Thread> threads = new ArrayList<>();

  WorkerLifecycle(List<WorkerLoop> loops) {
    this.loops = List.copyOf(loops);
  }

  @Override
  public synchronized void start() {
    for (WorkerLoop loop : loops) {
      // Platform threads: a trainer dies with the thread that started it.
      threads.add(Thread.ofPlatform().name("worker " + threads.size()).start(loop));
    }
  }

  @Override
  public void stop(Runnable callback) {
    Thread.ofPlatform()
        .name("drain")
        .start(
            () -> {
              stop();
              callback.run();
            });
  }

  @Override
  public synchronized void stop() {
    loops.forEach(WorkerLoop::drain);
    try {
      for (Thread thread : threads) thread.join();
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
    threads.clear();
  }

  @Override
  public synchronized boolean isRunning() {
    return !threads.isEmpty();
  }

  /** A loop that was drained does not go on: a pause of the context passes it by. */
  @Override
  public boolean isPauseable() {
    return false;
  }

  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
