package dev.graft.model;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The tokens of a layout as sequences for kernels of variable length: each stretch of queries with
 * all keys that its last query sees, in the order of their positions. What several rows begin with
 * is there once as queries, and as keys for each stretch behind it. Kernel {@code ops.flash} has
 * the form.
 *
 * @param queries where each sequence of queries begins, and where the last one ends
 * @param keys the same of keys
 * @param places where the keys are among those of the tokens; empty = they lie so
 * @param causal whether a query sees none behind its own
 */
record Sequences(int[] queries, int[] keys, long[] places, boolean causal) {
  /** A stretch of tokens that others may continue. */
  private record Stretch(int first, int end, int until) {}

  /**
   * @param past keys in front of those of the tokens, which all of them see
   * @param bidirectional whether a token sees the later ones of its row
   */
  static Sequences of(TokenLayout layout, int past, boolean bidirectional) {
    IntStream.Builder queries = IntStream.builder().add(0);
    IntStream.Builder keys = IntStream.builder().add(0);
    LongStream.Builder places = LongStream.builder();
    int count = 0;
    Deque<Stretch> open = new ArrayDeque<>();
    for (int first = 0; first < layout.size(); ) {
      Stretch next = new Stretch(first, layout.nextBegin(first), layout.until()[first]);
      while (!open.isEmpty() && open.getLast().until() <= first) open.removeLast();
      open.addLast(next);
      for (int i = 0; i < past; i++) places.add(i);
      count += past;
      for (Stretch each : open) {
        for (int key = each.first(); key < each.end(); key++) places.add((long) past + key);
        count += each.end() - each.first();
      }
      queries.add(next.end());
      keys.add(count);
      first = next.end();
    }
    boolean asTheyLie = count == past + layout.size();
    return new Sequences(
        queries.build().toArray(),
        keys.build().toArray(),
        asTheyLie ? new long[0] : places.build().toArray(),
        !bidirectional);
  }

  /** Puts the three tensors that the kernel reads behind what goes to the device. */
  void add(Upload upload) {
    upload.add(queries, queries.length);
    upload.add(keys, keys.length);
    upload.add(places, places.length);
  }

  /**
   * @param kernel of the two that read sequences
   * @param first place of the first of the three tensors in the argument {@code c}
   * @param window see {@link dev.graft.kernels.Attend}; 0 = none
   */
  long[] form(ComputePlan.Attention kernel, int first, int window) {
    long how = kernel == ComputePlan.Attention.FLASH ? -1 : -2;
    return new long[] {how, first, longest(queries), longest(keys), window, causal ? 1 : 0};
  }

  private static int longest(int[] begins) {
    int longest = 0;
    for (int i = 1; i < begins.length; i++) longest = Math.max(longest, begins[i] - begins[i - 1]);
    return longest;
  }
}
