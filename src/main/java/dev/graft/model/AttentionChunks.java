package dev.graft.model;

import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How attention goes over the tokens of a batch: a chunk of queries at a time, and for each the
 * keys that one of them sees. Kernel {@code ops.attention} has the form.
 */
final class AttentionChunks {
  /** Short texts share a chunk up to so many queries: a call costs more than what is masked. */
  private static final int SMALL = 64;

  /** Columns of a mask are a multiple of this where they can be: whole vectors of 16 bits. */
  private static final int COLUMNS = 64;

  private final TokenLayout layout;
  private final int begin; // of the queries
  private final int end;
  private final int past;
  private final int window;
  private final int most;
  private final Masks masks;
  private final List<Long> encoded = new ArrayList<>();

  /** Those that a chunk sees, in order. */
  private final int[] keys;

  /**
   * Masks of 0 and -inf, (queries, columns), equal ones once.
   *
   * @param first place of the first one in the argument {@code c}
   */
  record Masks(int first, Map<FloatBuffer, Mask> all) {
    /** A mask and its place. */
    record Mask(int place, float[] values, int queries) {}

    static Masks from(int first) {
      return new Masks(first, new LinkedHashMap<>());
    }

    private int place(float[] values, int queries) {
      // one number more, so that masks of one size and another form differ
      FloatBuffer key = FloatBuffer.allocate(values.length + 1).put(values).put(queries).flip();
      return all.computeIfAbsent(key, k -> new Mask(first + all.size(), values, queries)).place();
    }
  }

  private AttentionChunks(TokenLayout queries, int past, int window, int most, Masks masks) {
    TokenLayout.Cut cut = queries.cut();
    layout = cut == null ? queries : cut.whole();
    begin = cut == null ? 0 : cut.first();
    end = begin + queries.size();
    this.past = past;
    this.window = window;
    this.most = most;
    this.masks = masks;
    keys = new int[past + layout.size()];
  }

  /**
   * @param past keys in front of those of the tokens, which all of them see but for the window
   * @param window see {@link dev.graft.kernels.Attend}; 0 = none
   * @param most queries of a chunk
   */
  static long[] of(TokenLayout layout, int past, int window, int most, Masks masks) {
    AttentionChunks chunks = new AttentionChunks(layout, past, window, most, masks);
    long count = 0;
    for (int first = chunks.begin; first < chunks.end; count++) {
      int end = chunks.end(first);
      chunks.add(first, end);
      first = end;
    }
    chunks.encoded.addFirst(count);
    return chunks.encoded.stream().mapToLong(each -> each).toArray();
  }

  /** A text, or its next part, or several small ones. */
  private int end(int first) {
    int limit = Math.min(first + most, end);
    int next = layout.nextBegin(first);
    if (next >= limit) return limit;
    int small = Math.min(first + Math.min(SMALL, most), end);
    while (next < end && layout.nextBegin(next) <= small) next = layout.nextBegin(next);
    return next;
  }

  private void add(int first, int end) {
    int queries = end - first;
    int lowest = Integer.MAX_VALUE;
    int highest = 0;
    for (int q = first; q < end; q++) {
      lowest = Math.min(lowest, layout.positions()[q]);
      highest = Math.max(highest, layout.positions()[q]);
    }
    int count = 0;
    int masked = -1;
    for (int k = -past; k < this.end; k++) {
      int from = k < 0 ? 0 : layout.from()[k];
      int until = k < 0 ? layout.size() : layout.until()[k];
      if (Math.max(from, first) >= Math.min(until, end)) continue;
      if (window > 0 && lowest - position(k) >= window) continue;
      boolean all = from <= first && until >= end;
      if (window > 0 && highest - position(k) >= window) all = false;
      if (!all && masked < 0) masked = count;
      keys[count++] = k;
    }
    encoded.add((long) first - begin);
    encoded.add((long) queries);
    if (masked >= 0) masked = Math.max(0, count - Math.ceilDiv(count - masked, COLUMNS) * COLUMNS);
    encoded.add(masked < 0 ? -1L : mask(first, end, Arrays.copyOfRange(keys, masked, count)));
    ranges(Arrays.copyOf(keys, count));
  }

  /** Counted from the first token of a text. */
  private int position(int key) {
    return key < 0 ? key : layout.positions()[key];
  }

  private boolean sees(int query, int key) {
    if (key >= 0 && (query < layout.from()[key] || query >= layout.until()[key])) return false;
    return window == 0 || layout.positions()[query] - position(key) < window;
  }

  private long mask(int first, int end, int[] keys) {
    float[] values = new float[Math.multiplyExact(end - first, keys.length)];
    int at = 0;
    for (int q = first; q < end; q++) {
      for (int key : keys) values[at++] = sees(q, key) ? 0 : Float.NEGATIVE_INFINITY;
    }
    return masks.place(values, end - first);
  }

  private void ranges(int[] keys) {
    int count = encoded.size();
    encoded.add(0L);
    long ranges = 0;
    for (int i = 0; i < keys.length; ranges++) {
      int start = i;
      while (i < keys.length && keys[i] - keys[start] == i - start) i++;
      encoded.add((long) keys[start] + past);
      encoded.add((long) i - start);
    }
    encoded.set(count, ranges);
  }
}
