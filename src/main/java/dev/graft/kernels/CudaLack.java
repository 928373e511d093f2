package dev.graft.kernels;

/**
 * Why a GPU cannot be used.
 *
 * @param what is missing or wrong
 * @param cure what to do, as an imperative
 */
public record CudaLack(String what, String cure) {
  @Override
  public String toString() {
    return what + "; " + cure;
  }
}
