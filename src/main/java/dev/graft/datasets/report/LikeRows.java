package dev.graft.datasets.report;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Rows that others are compared with, a limited number. */
final class LikeRows {
  /** Beyond it rows are no longer remembered: some 30 MB. */
  static final int MOST = 20_000;

  private static final double LIKE = 0.8;

  /** A text of fewer is too short to be nearly another one. */
  private static final int FEWEST_PIECES = 20;

  private static final int MOST_IN_BUCKET = 16;

  private final Shingles shingles;
  private final Map<Long, List<MinHash>> buckets = new HashMap<>();
  private int size;

  LikeRows(Shingles shingles) {
    this.shingles = shingles;
  }

  /** Whether it is like one that was added. */
  boolean hasLike(Row row) {
    int[] pieces = pieces(row);
    return pieces.length >= FEWEST_PIECES && hasLike(MinHash.of(pieces));
  }

  /** Whether it is like one that was added before; if it is not, it is added. */
  boolean hasLikeOrAdd(Row row) {
    int[] pieces = pieces(row);
    if (pieces.length < FEWEST_PIECES) return false;
    MinHash sketch = MinHash.of(pieces);
    if (hasLike(sketch)) return true;
    if (size < MOST) add(sketch);
    return false;
  }

  int size() {
    return size;
  }

  static String text(Row row) {
    return row.said() + "\n" + row.answer();
  }

  private int[] pieces(Row row) {
    return shingles.of(text(row));
  }

  private void add(MinHash sketch) {
    size++;
    for (int band = 0; band < MinHash.BANDS; band++) {
      List<MinHash> bucket = buckets.computeIfAbsent(sketch.band(band), key -> new ArrayList<>(1));
      if (bucket.size() < MOST_IN_BUCKET) bucket.add(sketch);
    }
  }

  private boolean hasLike(MinHash sketch) {
    for (int band = 0; band < MinHash.BANDS; band++) {
      for (MinHash other : buckets.getOrDefault(sketch.band(band), List.of())) {
        if (sketch.likeness(other) >= LIKE) return true;
      }
    }
    return false;
  }
}
