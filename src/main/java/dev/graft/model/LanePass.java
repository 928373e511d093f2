package dev.graft.model;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.BatchContext;
import dev.graft.kernels.TorchScriptModule;
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
    IValue[] both = stage.hands() ? handing(index, stage, x) : forwardSaving(index, stage, x);
    stack.push(both[1]);
    return both[0];
  }

  private IValue[] handing(int index, Transformer.Stage stage, IValue x) {
    TorchScriptModule module = model.module();
    String program = stage.program();
    PtNDArray seen = null;
    try (IValue before = up(stage, "_before", x, inputs.context())) {
      seen = lane.earlier(index);
      if (seen != null) earlier.put(index, seen.getShape());
      try (IValue context = with(BatchContext.EARLIER, seen)) {
        if (lane.hands()) {
          lane.hand(index, module.call(scope, program + "_handed", before, context).getFirst());
        }
        try (IValue both = up(stage, "_after", before, context)) {
          return both.toIValueTuple();
        }
      }
    } finally {
      if (seen != null) seen.close();
    }
  }

  /** The context with a tensor, if there is one; to be closed. */
  private IValue with(BatchContext place, @Nullable PtNDArray tensor) {
    return inputs.context(tensor == null ? Map.of() : Map.of(place, tensor));
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
    Shape shape = earlier.get(index);
    PtNDArray back = shape == null ? null : (PtNDArray) scope.zeros(shape);
    String last = input ? "" : "_first";
    try (IValue context = with(BatchContext.EARLIER_GRADIENT, back);
        IValue waiting = down(stage, "_backward_after" + last, g, saved, context)) {
      returned(index, stage.program() + "_returned" + last, waiting, back);
      if (back != null) lane.handBack(index, back);
      return through(stage, "_backward_before", waiting, saved, input);
    }
  }

  private void returned(int index, String method, IValue waiting, @Nullable PtNDArray back) {
    PtNDArray later = lane.later(index);
    if (later == null) return;
    Map<BatchContext, PtNDArray> both = new EnumMap<>(BatchContext.class);
    both.put(BatchContext.LATER_GRADIENT, later);
    if (back != null) both.put(BatchContext.EARLIER_GRADIENT, back);
    try (later;
        IValue context = inputs.context(both)) {
      model.module().run(method, waiting, context);
    }
  }

  @Override
  public void failed(Throwable why) {
    lane.failed(why);
  }
}
