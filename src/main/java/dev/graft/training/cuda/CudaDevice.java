package dev.graft.training.cuda;

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
  public boolean usable() {
    return lack == null;
  }

  CudaDevice named(String other) {
    return new CudaDevice(other, uuid, product, driver, total, free, capability, mig, lack);
  }

  CudaDevice lacking(CudaLack other) {
    return new CudaDevice(name, uuid, product, driver, total, free, capability, mig, other);
  }
}
