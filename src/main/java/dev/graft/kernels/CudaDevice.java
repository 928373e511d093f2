package dev.graft.kernels;

import org.jspecify.annotations.Nullable;

/**
 * A GPU, or a part of one (MIG).
 *
 * @param name {@code cuda:0} and so on
 * @param uuid as {@code CUDA_VISIBLE_DEVICES} takes it
 * @param product such as {@code NVIDIA A100-SXM4-80GB}
 * @param driver version of the NVIDIA driver
 * @param total bytes of its memory; null = not known
 * @param free bytes of them that nothing had when it was asked; null = not known
 * @param capability null = not known
 * @param mig profile of the part, such as {@code 3g.20gb}; null = the whole GPU
 * @param lack why it cannot be used; null = it can
 */
public record CudaDevice(
    String name,
    String uuid,
    String product,
    String driver,
    @Nullable Long total,
    @Nullable Long free,
    @Nullable ComputeCapability capability,
    @Nullable String mig,
    @Nullable CudaLack lack) {
  /** What a process calls the only GPU that it sees. */
  public static final String ONLY = "cuda:0";

  private static final long LEAST_KEPT = 1L << 30;
  private static final int SHARE_KEPT = 16;

  public boolean usable() {
    return lack == null;
  }

  /**
   * What a run may take: what is free, less a sixteenth, at least 1 GB, for CUDA's own context and
   * for what is free in pieces that are too small.
   *
   * @return bytes; null = not known
   */
  public @Nullable Long forRuns() {
    Long most = free == null ? total : free;
    if (most == null) return null;
    return Math.max(1, most - Math.max(LEAST_KEPT, most / SHARE_KEPT));
  }

  /**
   * Hides every other GPU from this process. Before libtorch is loaded.
   *
   * @return what this one is called then
   */
  public String hideOthers() {
    NativeEnvironment.set(CudaMachine.VISIBLE, uuid);
    return ONLY;
  }

  CudaDevice named(String other) {
    return new CudaDevice(other, uuid, product, driver, total, free, capability, mig, lack);
  }

  CudaDevice lacking(CudaLack other) {
    return new CudaDevice(name, uuid, product, driver, total, free, capability, mig, other);
  }
}
