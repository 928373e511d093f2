package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.BatchContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What one batch gives to every stage. Its tensors belong to a scope; closing frees the lists.
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
   * @param picked tokens that the head looks at
   * @param among see {@link BatchContext#AMONG}; empty = the batch is the whole
   * @param attention what computes it
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

  /** The context with other tensors in some places; to be closed. */
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

  /** For the definition of attention alone, (3 keys): see {@link BatchContext#VISIBLE}. */
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
}
