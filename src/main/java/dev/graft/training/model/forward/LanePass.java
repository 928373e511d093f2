package dev.graft.training.model.forward;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.program.BatchContext;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Some of a micro-batch's tokens, which see keys and values of those before them and hand on their
 * own. Keeps what backward needs of every stage.
 */
final class LanePass extends LayerPass {
  private final TokenLane lane;
  private final PtNDManager scope;

  /** Of keys and values that were handed to each stage. */
  private final Map<Integer, Shape> earlier = new HashMap<>();

  /**
   * @param scope of what is handed
   */
  LanePass(Transformer model, BatchInputs inputs, TokenLane lane, PtNDManager scope) {
    super(model, inputs, false, 0);
    this.lane = lane;
    this.scope = scope;
  }

  @Override
  IValue forward(int index, Transformer.Stage stage, IValue x) {
    IValue[] both;
    PtNDArray before = stage.hands() ? lane.earlier(index) : null;
    if (before == null) {
      both = forwardSaving(index, stage, x);
    } else {
      earlier.put(index, before.getShape());
      try (before;
          IValue context = inputs.context(Map.of(BatchContext.EARLIER, before))) {
        both = forwardSaving(index, stage, x, context);
      }
    }
    stack.push(both[1]);
    if (stage.hands() && lane.hands()) {
      String handed = stage.program() + "_handed";
      lane.hand(index, model.module().call(scope, handed, both[1]).getFirst());
    }
    return both[0];
  }

  @Override
  @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input) {
    try (IValue saved = stack.pop()) {
      return stage.hands()
          ? handing(index, stage, g, saved, input)
          : backwardSaved(stage, g, saved, input);
    }
  }

  private @Nullable IValue handing(
      int index, Transformer.Stage stage, IValue g, IValue saved, boolean input) {
    Map<BatchContext, PtNDArray> others = new EnumMap<>(BatchContext.class);
    PtNDArray later = lane.later(index);
    if (later != null) others.put(BatchContext.LATER_GRADIENT, later);
    Shape shape = earlier.get(index);
    PtNDArray back = shape == null ? null : (PtNDArray) scope.zeros(shape);
    if (back != null) others.put(BatchContext.EARLIER_GRADIENT, back);
    IValue result;
    try (later;
        IValue context = inputs.context(others)) {
      result = backwardSaved(stage, g, saved, input, context);
    }
    if (back != null) lane.handBack(index, back);
    return result;
  }

  @Override
  public void failed(Throwable why) {
    lane.failed(why);
  }
}
