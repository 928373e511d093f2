package dev.graft.kernels;

import ai.djl.pytorch.jni.JniUtils;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What a thread must do before it computes. Libtorch keeps the gradient mode and the graph
 * optimiser flag per thread, with the wrong defaults for us in every thread but the first; virtual
 * threads would change carriers, and flags, at any moment.
 */
public final class TorchThread {
  /** The number of threads is of the process; who sets another later is not overruled. */
  private static final AtomicBoolean SIZED = new AtomicBoolean();

  private TorchThread() {}

  /** Of libtorch. */
  public static String version() {
    return TorchLibrary.engine().getVersion();
  }

  /** Threads inside an operation of this thread. */
  public static int threads() {
    return JniUtils.getNumThreads();
  }

  /** The same with the threads that there are. */
  public static void prepare() {
    prepare(0);
  }

  /**
   * Prepares the current thread: no gradient recording, no graph optimiser.
   *
   * @param threads inside an operation, from now on; 0 = as it is, which at first is as many as
   *     there are processors (those of the container, not of the host)
   * @throws IllegalStateException on a virtual thread
   */
  public static void prepare(int threads) {
    if (Thread.currentThread().isVirtual()) {
      throw new IllegalStateException("tensors need a platform thread of their own");
    }
    TorchLibrary.engine();
    JniUtils.setGradMode(false);
    JniUtils.setGraphExecutorOptimize(false);
    boolean first = SIZED.compareAndSet(false, true);
    if (first || threads > 0) {
      JniUtils.setNumThreads(threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
    }
  }
}
