package dev.graft.kernels;

import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/**
 * Prepares threads that compute. Libtorch keeps the gradient mode and the graph optimiser flag per
 * thread, with the wrong defaults in every thread but the first; virtual threads would change
 * carriers, and flags, at any moment.
 */
public final class TorchThread {
  /** Whether the number of threads was set: it is that of the process, and a later setting wins. */
  private static final AtomicBoolean SIZED = new AtomicBoolean();

  private TorchThread() {}

  /** Returns the version of libtorch. */
  public static String version() {
    return TorchLibrary.engine().getVersion();
  }

  /** Returns the number of threads inside an operation of this thread. */
  public static int threads() {
    return JniUtils.getNumThreads();
  }

  /** Prepares the current thread and leaves the number of threads as it is. */
  public static void prepare() {
    prepare(0);
  }

  /**
   * Prepares the current thread: no gradient recording, no graph optimiser.
   *
   * @param threads inside an operation, from now on; 0 = unchanged, initially the number of
   *     processors (of the container, not of the host)
   * @throws IllegalStateException on a virtual thread
   */
  public static void prepare(int threads) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("tensors need a platform thread");
    }
    TorchLibrary.engine();
    JniUtils.setGradMode(false);
    JniUtils.setGraphExecutorOptimize(false);
    boolean first = SIZED.compareAndSet(false, true);
    if (first || threads > 0) {
      JniUtils.setNumThreads(threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
    }
  }

  /**
   * Threads that compute beside the device's own. Libtorch's threads inside an operation
   * synchronise after each operation, at the pace of the slowest core; work divided beforehand
   * synchronises once. An index in the list always maps to the same thread, which reuses its freed
   * memory.
   */
  public static final class LaneThreads implements AutoCloseable {
    private final List<ExecutorService> others = new ArrayList<>();
    private final int threads;

    /**
     * @param threads total number, which an operation of the device's own thread has otherwise
     */
    public LaneThreads(int threads) {
      this.threads = threads;
    }

    public int threads() {
      return threads;
    }

    /**
     * Computes all lanes at the same time, the first in this thread.
     *
     * @return their results in order, when all have ended
     * @throws RuntimeException what one of them threw
     */
    public <T> List<T> run(List<Supplier<T>> lanes) {
      int each = Math.max(1, threads / lanes.size());
      while (others.size() < lanes.size() - 1) {
        ThreadFactory named = Thread.ofPlatform().daemon().name("lane-" + others.size()).factory();
        others.add(Executors.newSingleThreadExecutor(named));
      }
      JniUtils.setNumThreads(each);
      List<CompletableFuture<T>> started = new ArrayList<>();
      try {
        for (int i = 1; i < lanes.size(); i++) {
          Supplier<T> lane = lanes.get(i);
          started.add(
              CompletableFuture.supplyAsync(
                  () -> {
                    TorchThread.prepare(each);
                    return lane.get();
                  },
                  others.get(i - 1)));
        }
        List<T> results = new ArrayList<>();
        results.add(lanes.getFirst().get());
        for (CompletableFuture<T> other : started) results.add(other.join());
        return results;
      } catch (CompletionException e) {
        if (e.getCause() instanceof RuntimeException cause) throw cause;
        if (e.getCause() instanceof Error cause) throw cause;
        throw e;
      } finally {
        for (CompletableFuture<T> other : started) other.exceptionally(_ -> null).join();
        JniUtils.setNumThreads(threads);
      }
    }

    @Override
    public void close() {
      others.forEach(ExecutorService::close);
    }
  }
}
