package dev.graft.datasets;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Rows that others are compared with, a limited number. */
final class LikeRows {
  /** Beyond it rows are no longer remembered: some 20 MB. */
  static final int MOST = 10_000;

  private static final double LIKE = 0.8;

  private static final int MOST_IN_BUCKET = 16;

  private final Sketches sketches;
  private final Map<Long, List<MinHash>> buckets = new HashMap<>();
  private int size;

  public LikeRows(Sketches sketches) {
    this.sketches = sketches;
  }

  /** Whether it is like one that was added. */
  public boolean hasLike(InspectedRow row) {
    MinHash sketch = sketches.of(row);
    return sketch != null && hasLike(sketch);
  }

  /** Whether it is like one that was added before; if it is not, it is added. */
  public boolean hasLikeOrAdd(InspectedRow row) {
    MinHash sketch = sketches.of(row);
    if (sketch == null) return false;
    if (hasLike(sketch)) return true;
    if (size < MOST) add(sketch);
    return false;
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
