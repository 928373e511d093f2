package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.BatchContext;
import dev.graft.model.DeviceMemory.Upload;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The inputs that one batch gives to every stage. Its tensors belong to a scope; closing frees the
 * lists.
 *
 * @param ids without virtual tokens: input of the embedding
 * @param tensors of {@code context}
 * @param context argument {@code c}
 * @param chunks argument {@code chunks}
 * @param windowed argument {@code windowed}
 */
record BatchInputs(
    PtNDArray ids, List<PtNDArray> tensors, IValue context, IValue chunks, IValue windowed)
    implements AutoCloseable {
  /**
   * @param past tokens before the first
   * @param picked tokens that the head reads
   * @param among see {@link BatchContext#AMONG}; empty = the batch is the whole
   * @param attention kernel that computes attention
   * @param queryBlock queries whose attention is computed at a time, by chunks
   */
  public static BatchInputs of(
      Transformer model,
      PtNDManager scope,
      TokenLayout layout,
      int past,
      long[] picked,
      long[] among,
      ComputePlan.Attention attention,
      int queryBlock) {
    Upload upload = new Upload();
    Map<BatchContext, Integer> known = new EnumMap<>(BatchContext.class);
    Family family = model.family();
    int positions = add(upload, behind(layout, past + family.firstPosition()));
    known.put(BatchContext.POSITIONS, positions);
    model.ropes().add(upload, known, positions, past + layout.longest());
    known.put(BatchContext.TOKEN_TYPES, add(upload, new long[layout.size()]));
    known.put(BatchContext.PICKED, add(upload, picked));
    if (among.length > 0) known.put(BatchContext.AMONG, add(upload, among));
    long[] visible = visible(layout, past);
    known.put(BatchContext.VISIBLE, upload.add(visible, 3, visible.length / 3));
    if (layout.virtual() > 0) known.put(BatchContext.JOINED, add(upload, layout.joined()));
    float width = (float) layout.longest() - layout.virtual();
    known.put(BatchContext.WIDTH, upload.add(new float[] {width}));
    int empty = upload.add(new float[0], 0);
    int ids = add(upload, layout.ids());
    int first = ids + 1;
    WhoSeesWhom sight =
        attention == ComputePlan.Attention.CHUNKS
            ? chunks(upload, family, layout, past, queryBlock)
            : sequences(upload, family, layout, past, attention);
    List<PtNDArray> there = upload.send(model.memory(), scope);
    List<PtNDArray> all = new ArrayList<>();
    for (BatchContext each : BatchContext.values()) {
      all.add(there.get(known.getOrDefault(each, empty)));
    }
    all.addAll(there.subList(first, there.size()));
    return new BatchInputs(
        there.get(ids),
        List.copyOf(all),
        IValue.listFrom(all.toArray(PtNDArray[]::new)),
        IValue.listFrom(sight.chunks()),
        IValue.listFrom(sight.windowed()));
  }

  /** Returns the context with other tensors in some places; the caller closes it. */
  IValue context(Map<BatchContext, PtNDArray> others) {
    PtNDArray[] all = tensors.toArray(PtNDArray[]::new);
    others.forEach((place, tensor) -> all[place.ordinal()] = tensor);
    return IValue.listFrom(all);
  }

  /** Arguments {@code chunks} and {@code windowed}. */
  private record WhoSeesWhom(long[] chunks, long[] windowed) {}

  private static WhoSeesWhom chunks(
      Upload upload, Family family, TokenLayout layout, int past, int queryBlock) {
    AttentionChunks.Masks masks = AttentionChunks.Masks.from(BatchContext.values().length);
    long[] chunks = AttentionChunks.of(layout, past, 0, queryBlock, masks);
    boolean slides = family.window() > 0 && family.window() < past + layout.longest();
    long[] windowed =
        slides ? AttentionChunks.of(layout, past, family.window(), queryBlock, masks) : chunks;
    for (AttentionChunks.Masks.Mask each : masks.all().values()) {
      upload.add(each.values(), each.queries(), each.values().length / each.queries());
    }
    return new WhoSeesWhom(chunks, windowed);
  }

  private static WhoSeesWhom sequences(
      Upload upload, Family family, TokenLayout layout, int past, ComputePlan.Attention attention) {
    Sequences sequences = Sequences.of(layout, past, family.bidirectional());
    sequences.add(upload);
    int first = BatchContext.values().length;
    return new WhoSeesWhom(
        sequences.form(attention, first, 0), sequences.form(attention, first, family.window()));
  }

  private static int add(Upload upload, long[] values) {
    return upload.add(values, values.length);
  }

  private static long[] behind(TokenLayout layout, int first) {
    return Arrays.stream(layout.positions()).mapToLong(each -> first + each).toArray();
  }

  /**
   * Returns the argument that only the definition of attention reads, (3 keys): see {@link
   * BatchContext#VISIBLE}.
   */
  static long[] visible(TokenLayout layout, int past) {
    int keys = past + layout.size();
    long[] visible = new long[3 * keys];
    for (int k = 0; k < keys; k++) {
      int token = k - past;
      visible[k] = token < 0 ? 0 : layout.from()[token];
      visible[keys + k] = token < 0 ? layout.size() : layout.until()[token];
      visible[2 * keys + k] = token < 0 ? k : past + layout.positions()[token];
    }
    return visible;
  }

  @Override
  public void close() {
    context.close();
    chunks.close();
    windowed.close();
  }

  /**
   * The tokens of a layout as sequences for kernels of variable length: each stretch of queries
   * with all keys that its last query sees, in the order of their positions. A shared prefix occurs
   * once as queries, and as keys of each stretch after it. Kernel {@code ops.flash} defines the
   * form.
   *
   * @param queries where each sequence of queries begins, and where the last one ends
   * @param keys where each sequence of keys begins, and where the last one ends
   * @param places of the keys among the tokens; empty = they are in that order
   * @param causal whether a query sees no later keys
   */
  record Sequences(int[] queries, int[] keys, long[] places, boolean causal) {
    /** Consecutive tokens that later ones may continue. */
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

    /** Appends the three tensors that the kernel reads to an upload. */
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
      for (int i = 1; i < begins.length; i++)
        longest = Math.max(longest, begins[i] - begins[i - 1]);
      return longest;
    }
  }

  /**
   * The chunks in which attention is computed: a number of queries, and the keys that at least one
   * of them sees. Kernel {@code ops.attention} defines the form.
   */
  static final class AttentionChunks {
    /**
     * Short texts share a chunk up to this many queries, because a call costs more than masked
     * scores.
     */
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

    /** The keys that a chunk sees, in order. */
    private final int[] keys;

    /**
     * Masks of 0 and -inf, (queries, columns), without duplicates.
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

    /** Returns the end of a chunk: of a text, of its next part, or of several short texts. */
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
      if (masked >= 0)
        masked = Math.max(0, count - Math.ceilDiv(count - masked, COLUMNS) * COLUMNS);
      encoded.add(masked < 0 ? -1L : mask(first, end, Arrays.copyOfRange(keys, masked, count)));
      ranges(Arrays.copyOf(keys, count));
    }

    /** Returns the position of a key in its text. */
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
}
