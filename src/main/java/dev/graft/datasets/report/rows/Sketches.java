package dev.graft.datasets.report.rows;

import org.jspecify.annotations.Nullable;

/** Sketches of rows; several inspections ask for that of the same row, one after the other. */
public final class Sketches {
  /** A text of fewer is too short to be nearly another one. */
  private static final int FEWEST_PIECES = 20;

  private final Shingles shingles;
  private @Nullable InspectedRow last;
  private @Nullable MinHash lastSketch;

  public Sketches(Shingles shingles) {
    this.shingles = shingles;
  }

  /** Null where there is too little text. */
  @Nullable MinHash of(InspectedRow row) {
    if (row != last) {
      int[] pieces = shingles.of(text(row));
      last = row;
      lastSketch = pieces.length < FEWEST_PIECES ? null : MinHash.of(pieces);
    }
    return lastSketch;
  }

  public static String text(InspectedRow row) {
    return row.said() + "\n" + row.answer();
  }
}
