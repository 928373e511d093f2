package dev.graft.platform;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.springframework.context.SmartLifecycle;

/**
 * Threads that ask for work, answered by others: they start last and end first, so that at shutdown
 * the web server, the database and whatever they report to are still there. All of them are ended
 * at once, and waited for.
 */
public final class LoopThreads implements SmartLifecycle {
  private final List<? extends Runnable> loops;
  private final Thread.Builder builder;
  private final Consumer<List<Thread>> end;
  private final boolean bounded;
  private final List<Thread> threads = new ArrayList<>();

  /**
   * @param loops one thread each
   * @param end tells the threads to return from their loops, and returns at once
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
   * Threads that a shutdown waits for as long as they take: {@code
   * spring.lifecycle.timeout-per-shutdown-phase} does not hold for them. They bound themselves.
   */
  public static LoopThreads awaited(
      List<? extends Runnable> loops, Thread.Builder builder, Consumer<List<Thread>> end) {
    return new LoopThreads(loops, builder, end, false);
  }

  @Override
  public synchronized void start() {
    for (Runnable loop : loops) threads.add(builder.start(loop));
  }

  /** Others of the phase need not wait for these, unless the phase must. */
  @Override
  public void stop(Runnable callback) {
    if (!bounded) {
      stop(); // Spring's limit begins when this has returned
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

  /** A loop that was ended does not go on: a pause of the context passes it by. */
  @Override
  public boolean isPauseable() {
    return false;
  }

  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
