package dev.graft.training.model.forward;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.model.family.Family;
import dev.graft.training.program.BatchContext;
import dev.graft.weights.config.rope.Rope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one batch gives to every stage. Its tensors belong to a scope; closing frees the lists.
 *
 * @param ids without virtual tokens: input of the embedding
 * @param context argument {@code c}
 * @param chunks argument {@code chunks}
 * @param windowed argument {@code windowed}
 */
public record BatchInputs(PtNDArray ids, IValue context, IValue chunks, IValue windowed)
    implements AutoCloseable {
  /** The tables of a model's rotary positions. */
  public record Ropes(@Nullable RopeTable global, @Nullable RopeTable local) {
    public static Ropes of(Family family) {
      return new Ropes(table(family.rope()), table(family.localRope()));
    }

    private static @Nullable RopeTable table(@Nullable Rope rope) {
      return rope == null ? null : new RopeTable(rope);
    }
  }

  /**
   * @param past tokens before the first
   * @param picked tokens that the head looks at
   * @param among see {@link BatchContext#AMONG}; empty = the batch is the whole
   * @param queryBlock queries whose attention is computed at a time
   */
  public static BatchInputs of(
      PtNDManager scope,
      Family family,
      Ropes ropes,
      TokenLayout layout,
      int past,
      long[] picked,
      long[] among,
      int queryBlock) {
    Map<BatchContext, PtNDArray> known = new EnumMap<>(BatchContext.class);
    rotate(known, BatchContext.COS, BatchContext.SIN, scope, ropes.global(), past, layout);
    rotate(
        known, BatchContext.LOCAL_COS, BatchContext.LOCAL_SIN, scope, ropes.local(), past, layout);
    known.put(BatchContext.POSITIONS, tensor(scope, behind(layout, past + family.firstPosition())));
    known.put(BatchContext.TOKEN_TYPES, tensor(scope, new long[layout.size()]));
    known.put(BatchContext.PICKED, tensor(scope, picked));
    if (among.length > 0) known.put(BatchContext.AMONG, tensor(scope, among));
    known.put(BatchContext.VISIBLE, visible(scope, layout, past));
    if (layout.virtual() > 0) known.put(BatchContext.JOINED, tensor(scope, layout.joined()));
    known.put(
        BatchContext.WIDTH, (PtNDArray) scope.create((float) layout.longest() - layout.virtual()));
    PtNDArray empty = (PtNDArray) scope.zeros(new Shape(0), DataType.FLOAT32);
    List<PtNDArray> all = new ArrayList<>();
    for (BatchContext each : BatchContext.values()) all.add(known.getOrDefault(each, empty));
    AttentionChunks.Masks masks = AttentionChunks.Masks.from(all.size());
    long[] chunks = AttentionChunks.of(layout, past, 0, queryBlock, masks);
    boolean slides = family.window() > 0 && family.window() < past + layout.longest();
    long[] windowed =
        slides ? AttentionChunks.of(layout, past, family.window(), queryBlock, masks) : chunks;
    for (AttentionChunks.Masks.Mask each : masks.all().values()) {
      Shape shape = new Shape(each.queries(), each.values().length / each.queries());
      all.add((PtNDArray) scope.create(each.values(), shape));
    }
    return new BatchInputs(
        tensor(scope, layout.ids()),
        IValue.listFrom(all.toArray(PtNDArray[]::new)),
        IValue.listFrom(chunks),
        IValue.listFrom(windowed));
  }

  private static PtNDArray tensor(PtNDManager scope, long[] values) {
    return (PtNDArray) scope.create(values);
  }

  private static long[] behind(TokenLayout layout, int first) {
    return Arrays.stream(layout.positions()).mapToLong(each -> first + each).toArray();
  }

  /** For the definition of attention alone: see {@link BatchContext#VISIBLE}. */
  static PtNDArray visible(PtNDManager scope, TokenLayout layout, int past) {
    int keys = past + layout.size();
    long[] visible = new long[3 * keys];
    for (int k = 0; k < keys; k++) {
      int token = k - past;
      visible[k] = token < 0 ? 0 : layout.from()[token];
      visible[keys + k] = token < 0 ? layout.size() : layout.until()[token];
      visible[2 * keys + k] = token < 0 ? k : past + layout.positions()[token];
    }
    return (PtNDArray) scope.create(visible, new Shape(3, keys));
  }

  private static void rotate(
      Map<BatchContext, PtNDArray> known,
      BatchContext cos,
      BatchContext sin,
      PtNDManager scope,
      @Nullable RopeTable table,
      int past,
      TokenLayout layout) {
    if (table == null) return;
    table.prepare(past + layout.longest());
    known.put(cos, table.cos(scope, past, layout.positions()));
    known.put(sin, table.sin(scope, past, layout.positions()));
  }

  @Override
  public void close() {
    context.close();
    chunks.close();
    windowed.close();
  }
}
