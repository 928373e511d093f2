package dev.graft.weights;

import java.util.Arrays;

/** Name, element type and shape of a tensor; row-major. */
public record TensorInfo(String name, Dtype dtype, long[] shape) {
  /** Returns the number of elements. */
  public long elements() {
    long product = 1;
    for (long size : shape) {
      if (size < 0) throw new BadModel("tensor " + name + " has a negative size in its shape");
      try {
        product = Math.multiplyExact(product, size);
      } catch (ArithmeticException e) {
        throw new BadModel("tensor " + name + ": shape " + shown(shape) + " overflows", e);
      }
    }
    return product;
  }

  /** Returns the size in bytes. */
  public long bytes() {
    try {
      return Math.multiplyExact(elements(), dtype.bytes());
    } catch (ArithmeticException e) {
      throw new BadModel("tensor " + name + ": shape " + shown(shape) + " overflows", e);
    }
  }

  static String shown(long[] shape) {
    return Arrays.toString(shape);
  }
}
