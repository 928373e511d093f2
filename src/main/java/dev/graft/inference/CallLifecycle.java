package dev.graft.inference;

import java.util.ArrayList;
import java.util.List;
import org.springframework.context.SmartLifecycle;

/**
 * Starts the threads that answer calls last and stops them first; answers in the making are lost.
 */
final class CallLifecycle implements SmartLifecycle {
  private final CallLoop loop;
  private final int count;
  private final List<Thread> threads = new ArrayList<>();

  /**
   * @param count of calls at a time
   */
  CallLifecycle(CallLoop loop, int count) {
    this.loop = loop;
    this.count = count;
  }

  @Override
  public synchronized void start() {
    for (int i = 0; i < count; i++) {
      threads.add(Thread.ofVirtual().name("calls-" + i).start(loop));
    }
  }

  @Override
  public synchronized void stop() {
    threads.forEach(Thread::interrupt);
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

  @Override
  public int getPhase() {
    return Integer.MAX_VALUE;
  }
}
