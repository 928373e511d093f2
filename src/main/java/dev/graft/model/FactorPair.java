package dev.graft.model;

import dev.graft.kernels.LinearAlgebra;

/**
 * Factors of one module.
 *
 * @param a (r, in)
 * @param b (out, r)
 */
record FactorPair(float[] a, float[] b) {
  /** B A is the part of a matrix with the r largest singular values, divided by the scale. */
  static FactorPair largest(LinearAlgebra.Svd svd, int r, int in, int out, double scale) {
    float[] a = new float[r * in];
    float[] b = new float[out * r];
    int k = svd.s().length;
    for (int j = 0; j < r; j++) {
      float root = (float) Math.sqrt(svd.s()[j] / scale);
      for (int i = 0; i < in; i++) a[j * in + i] = root * svd.vh()[j * in + i];
      for (int o = 0; o < out; o++) b[o * r + j] = svd.u()[o * k + j] * root;
    }
    return new FactorPair(a, b);
  }
}
