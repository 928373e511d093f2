package dev.graft.training;

import dev.graft.model.MicroBatch;
import java.util.Arrays;

/** Rows as they train. */
public sealed interface Rows permits TokenRows, LabelledRows, PairRows {
  int size();

  /** Tokens by which rows of like length are found. */
  int length(int row);

  /** Tokens read, trained or not. */
  default long tokens(int row) {
    return length(row);
  }

  /** What the loss of a row counts as: its tokens that train, its labels, those of its answers. */
  long targets(int row);

  /** Where the row comes from, for a person. */
  String origin(int row);

  /**
   * @param multipleOf if above 1, all rows are filled up to one width that is a multiple of it
   */
  MicroBatch batch(int[] rows, int multipleOf);

  default int[] lengths() {
    int[] lengths = new int[size()];
    Arrays.setAll(lengths, this::length);
    return lengths;
  }
}
