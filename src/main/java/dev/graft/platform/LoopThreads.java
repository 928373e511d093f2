package dev.graft.platform;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.springframework.context.SmartLifecycle;

/**
 * Threads that poll for work. They start last and stop first, so that the web server and database
 * are still available when they stop. All are stopped at the same time and awaited.
 */
public final class LoopThreads implements SmartLifecycle {
  private final List<? extends Runnable> loops;
  private final Thread.Builder builder;
  private final Consumer<List<Thread>> end;
  private final boolean bounded;
  private final List<Thread> threads = new ArrayList<>();

  /**
   * @param loops the loops, each run on its own thread
   * @param end makes the threads leave their loops, without waiting for them
   */
  public LoopThreads(
      List<? extends Runnable> loops, Thread.Builder builder, Consumer<List<Thread>> end) {
    this(loops, builder, end, true);
  }

  private LoopThreads(
      List<? extends Runnable> loops,
      Thread.Builder builder,
      Consumer<List<Thread>> end,
      boolean bounded) {
    this.loops = List.copyOf(loops);
    this.builder = builder;
    this.end = end;
    this.bounded = bounded;
  }

  /**
   * Returns threads that a shutdown waits for without limit: {@code
   * spring.lifecycle.timeout-per-shutdown-phase} does not apply. They limit themselves.
   */
  public static LoopThreads awaited(
      List<? extends Runnable> loops, Thread.Builder builder, Consumer<List<Thread>> end) {
    return new LoopThreads(loops, builder, end, false);
  }

  @Override
  public synchronized void start() {
    for (Runnable loop : loops) threads.add(builder.start(loop));
  }

  /** Stops on another thread, unless the shutdown must wait. */
  @Override
  public void stop(Runnable callback) {
    if (!bounded) {
      stop(); // Spring's limit starts when this method has returned
      callback.run();
      return;
    }
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
    end.accept(List.copyOf(threads));
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

  /** Returns false, because a stopped loop cannot be resumed after a pause of the context. */
  @Override
  public boolean isPauseable() {
    return false;
  }

  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
