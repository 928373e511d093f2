package dev.graft.model;

/**
 * Consecutive rows of a tensor of the base, in the layout that it is stored in.
 *
 * @param values may be changed
 * @param first index of the first of them; 0 for a vector, which is one row
 */
public record WeightRows(float[] values, int first) {
  /** All rows. */
  public static WeightRows whole(float[] values) {
    return new WeightRows(values, 0);
  }
}
