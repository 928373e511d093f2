package dev.graft.model;

import dev.graft.weights.NamedTensor;

/** Just enough linear algebra to check starts by their definitions. */
public record Matrix(int rows, int columns, float[] values) {
  public Matrix(long[] shape, float[] values) {
    this((int) shape[0], shape.length == 1 ? 1 : (int) shape[1], values);
  }

  public static Matrix of(NamedTensor tensor) {
    return new Matrix(tensor.shape(), tensor.toFloats());
  }

  public double at(int row, int column) {
    return values[row * columns + column];
  }

  public Matrix transposed() {
    float[] turned = new float[values.length];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c];
    }
    return new Matrix(columns, rows, turned);
  }

  public Matrix times(Matrix other) {
    float[] product = new float[rows * other.columns];
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < other.columns; c++) {
        double sum = 0;
        for (int k = 0; k < columns; k++) sum += at(r, k) * other.at(k, c);
        product[r * other.columns + c] = (float) sum;
      }
    }
    return new Matrix(rows, other.columns, product);
  }

  /** {@code this - factor other}. */
  public Matrix minus(Matrix other, double factor) {
    float[] rest = new float[values.length];
    for (int i = 0; i < rest.length; i++) rest[i] = (float) (values[i] - factor * other.values[i]);
    return new Matrix(rows, columns, rest);
  }

  public double largest() {
    double largest = 0;
    for (float each : values) largest = Math.max(largest, Math.abs(each));
    return largest;
  }

  /** Root of the mean square. */
  public double deviation() {
    double sum = 0;
    for (float each : values) sum += (double) each * each;
    return Math.sqrt(sum / values.length);
  }

  /** By power iteration. */
  public double largestSingularValue() {
    float[] ones = new float[columns];
    for (int i = 0; i < columns; i++) ones[i] = 1f / (i + 1);
    Matrix x = new Matrix(columns, 1, ones);
    double length = 0;
    for (int round = 0; round < 200; round++) {
      Matrix next = transposed().times(times(x));
      length = next.deviation() * Math.sqrt(columns);
      float[] unit = next.values().clone();
      for (int i = 0; i < columns; i++) unit[i] /= (float) length;
      x = new Matrix(columns, 1, unit);
    }
    return Math.sqrt(length);
  }
}
