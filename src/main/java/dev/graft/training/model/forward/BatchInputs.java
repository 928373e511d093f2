package dev.graft.training.model.forward;

import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.model.family.Family;
import dev.graft.training.program.BatchContext;
import dev.graft.weights.config.rope.Rope;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one batch gives to every stage. Its tensors belong to a scope; closing frees the list.
 *
 * @param ids of all rows, without virtual tokens: input of the embedding
 * @param context argument {@code c}
 * @param tokens of a row
 * @param queryBlock queries whose attention is computed at a time
 */
public record BatchInputs(PtNDArray ids, IValue context, int tokens, int queryBlock)
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
   * @param picked positions that the head looks at
   */
  public static BatchInputs of(
      PtNDManager scope,
      Family family,
      Ropes ropes,
      PaddedBatch batch,
      int past,
      long[] picked,
      int queryBlock) {
    int tokens = batch.tokens();
    Map<BatchContext, PtNDArray> known = new EnumMap<>(BatchContext.class);
    rotate(known, BatchContext.COS, BatchContext.SIN, scope, ropes.global(), past, batch);
    rotate(
        known, BatchContext.LOCAL_COS, BatchContext.LOCAL_SIN, scope, ropes.local(), past, batch);
    known.put(
        BatchContext.POSITIONS,
        (PtNDArray) scope.create(batch.learnedPositions(past + family.firstPosition())));
    known.put(BatchContext.TOKEN_TYPES, (PtNDArray) scope.create(new long[batch.size()]));
    if (batch.segments() != null || family.bidirectional()) {
      known.put(
          BatchContext.SEGMENTS,
          (PtNDArray) scope.create(batch.segmentsOrPadding(), new Shape(batch.rows(), tokens)));
    }
    known.put(BatchContext.PICKED, (PtNDArray) scope.create(picked));
    PtNDArray empty = (PtNDArray) scope.zeros(new Shape(0), DataType.FLOAT32);
    PtNDArray[] all = new PtNDArray[BatchContext.values().length];
    for (BatchContext each : BatchContext.values())
      all[each.ordinal()] = known.getOrDefault(each, empty);
    return new BatchInputs(
        (PtNDArray) scope.create(batch.ids()), IValue.listFrom(all), tokens, queryBlock);
  }

  private static void rotate(
      Map<BatchContext, PtNDArray> known,
      BatchContext cos,
      BatchContext sin,
      PtNDManager scope,
      @Nullable RopeTable table,
      int past,
      PaddedBatch batch) {
    if (table == null) return;
    table.prepare(past + batch.tokens(), past + batch.longestText());
    known.put(cos, table.cos(scope, past, batch.tokens()));
    known.put(sin, table.sin(scope, past, batch.tokens()));
  }

  @Override
  public void close() {
    context.close();
  }
}
