package dev.graft.weights;

/**
 * A matrix with 8 bits per element, as LLM.int8 (Dettmers et al. 2022) stores it: the float16
 * weight, each row divided by its largest magnitude, times 127.
 *
 * @param shape (rows, columns)
 * @param values row-major
 * @param scb largest magnitude of each row
 */
public record Int8Tensor(long[] shape, byte[] values, float[] scb) implements StoredWeight {
  private static final float UNIT = 1f / 127;

  /**
   * @throws BadModel if the weight is not a matrix of floating point numbers in the range of
   *     float16
   */
  public static Int8Tensor quantise(MappedTensor weight) {
    Weights.floating(weight);
    return quantise(weight.info(), weight::copyTo);
  }

  /** Quantises numbers in memory. */
  public static Int8Tensor quantise(TensorInfo info, float[] values) {
    return quantise(info, (out, from) -> System.arraycopy(values, (int) from, out, 0, out.length));
  }

  private static Int8Tensor quantise(TensorInfo info, StoredWeight.Elements source) {
    long[] shape = info.shape();
    if (shape.length != 2 || info.elements() > Integer.MAX_VALUE - 8) {
      throw new BadModel("tensor " + info.name() + " is not a matrix that can be quantised");
    }
    int columns = (int) shape[1];
    byte[] values = new byte[(int) info.elements()];
    float[] scb = new float[(int) shape[0]];
    float[] row = new float[columns];
    for (int r = 0; r < scb.length; r++) {
      source.copyTo(row, (long) r * columns);
      for (int c = 0; c < columns; c++) {
        row[c] = Dtype.F16.round(row[c]);
        scb[r] = Math.max(scb[r], Math.abs(row[c]));
      }
      if (!Float.isFinite(scb[r])) {
        throw new BadModel(
            "tensor " + info.name() + " contains a number outside of the range of float16");
      }
      if (scb[r] == 0) continue;
      float factor = 1 / scb[r] * 127;
      for (int c = 0; c < columns; c++) values[r * columns + c] = (byte) Math.rint(row[c] * factor);
    }
    return new Int8Tensor(shape, values, scb);
  }

  /** Returns the dequantised weight. */
  @Override
  public float[] toFloats() {
    int columns = values.length / Math.max(1, scb.length);
    float[] weight = new float[values.length];
    for (int i = 0; i < weight.length; i++) weight[i] = values[i] * (scb[i / columns] * UNIT);
    return weight;
  }
}
