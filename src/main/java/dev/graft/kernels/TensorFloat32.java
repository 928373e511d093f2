package dev.graft.kernels;

/**
 * Whether a GPU (Ampere and newer) may multiply matrices of f32 in TensorFloat-32: with 10 bits of
 * each number in place of 23, on its tensor cores. A switch of the whole process, for cuBLAS, which
 * multiplies all matrices there are here.
 */
public final class TensorFloat32 {
  private TensorFloat32() {}

  /** From now on; libtorch begins without it. */
  public static void allow(boolean allowed) {
    TorchContext.set("18setAllowTF32CuBLASEb", allowed);
  }

  /** What libtorch says. */
  static boolean isAllowed() {
    return TorchContext.is("15allowTF32CuBLASEv");
  }
}
