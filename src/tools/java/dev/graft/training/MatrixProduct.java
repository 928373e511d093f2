package dev.graft.training;

/**
 * A product of two matrices: (rows, inner) by (inner, columns).
 *
 * @param form which of them lies in memory the other way round
 */
record MatrixProduct(Form form, long rows, long inner, long columns) {
  enum Form {
    /** Forward of a linear layer: the weight is (columns, inner). */
    FORWARD,
    /** Gradient of its input: both lie as they are multiplied. */
    INPUT,
    /** Gradient of its weight: the first is (inner, rows). */
    WEIGHT
  }

  double flops() {
    return 2.0 * rows * inner * columns;
  }
}
