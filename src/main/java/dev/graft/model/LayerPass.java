package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One micro-batch on its way up and down the stages, under one plan. What the way up leaves for the
 * way down is a stack with one entry a stage that trains or lies above one that does. Closing frees
 * what is left of it after an error.
 */
abstract sealed class LayerPass implements AutoCloseable
    permits RecomputePass, AutogradPass, LanePass {
  final Transformer model;
  final BatchInputs inputs;
  final Deque<IValue> stack = new ArrayDeque<>();
  private final boolean drops;
  private final long dropoutSeed;

  LayerPass(Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed) {
    this.model = model;
    this.inputs = inputs;
    this.drops = drops;
    this.dropoutSeed = dropoutSeed;
  }

  public static LayerPass of(
      ComputePlan.Kind kind,
      Transformer model,
      BatchInputs inputs,
      boolean drops,
      long dropoutSeed) {
    return switch (kind) {
      case KEEP -> partly(model, inputs, drops, dropoutSeed, 0);
      case RECOMPUTE -> partly(model, inputs, drops, dropoutSeed, Integer.MAX_VALUE);
      case AUTOGRAD -> new AutogradPass(model, inputs, drops, dropoutSeed);
    };
  }

  /**
   * Some of a micro-batch's tokens, where nothing drops.
   *
   * @param scope of what lanes hand to each other
   */
  public static LayerPass lane(
      Transformer model, BatchInputs inputs, TokenLane lane, PtNDManager scope) {
    return new LanePass(model, inputs, lane, scope);
  }

  /**
   * @param again stages below this one are computed again on the way down, the others are kept
   */
  public static LayerPass partly(
      Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed, int again) {
    return new RecomputePass(model, inputs, drops, dropoutSeed, again);
  }

  /** One stage up; remembers on the stack what {@link #backward} needs. Does not close x. */
  abstract IValue forward(int index, Transformer.Stage stage, IValue x);

  /**
   * One stage down: takes from the stack, adds to the gradients of the stage.
   *
   * @param g gradient of the stage's output, used up but not closed
   * @param input whether the gradient of the stage's input is wanted
   */
  abstract @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input);

  /**
   * From token ids to what the head computes.
   *
   * @param lowest stages from here on are remembered for the way down
   */
  public IValue up(int lowest) {
    IValue current = IValue.from(inputs.ids());
    for (int i = 0; i < model.stages().size(); i++) {
      Transformer.Stage stage = model.stages().get(i);
      IValue next = null;
      try {
        next = i < lowest ? below(i, stage, current) : forward(i, stage, current);
      } finally {
        if (next == null || !stack.contains(current)) current.close();
      }
      current = next;
    }
    return current;
  }

  /** Down to the lowest stage that trains; closes g. */
  public void down(IValue g, int lowest) {
    IValue current = g;
    for (int i = model.stages().size() - 1; i >= lowest; i--) {
      IValue next;
      try {
        next = backward(i, model.stages().get(i), current, i > lowest);
      } finally {
        current.close();
      }
      if (next == null) return;
      current = next;
    }
  }

  /** A stage below all that trains: only its output counts. */
  private IValue below(int index, Transformer.Stage stage, IValue x) {
    boolean dropping = drops && stage.drops();
    if (dropping) seed(index);
    return up(stage, dropping ? "_train" : "_infer", x, inputs.context());
  }

  /** Forward with what backward needs: (y, saved). */
  IValue[] forwardSaving(int index, Transformer.Stage stage, IValue x) {
    seed(index);
    try (IValue both = up(stage, "_forward", x, inputs.context())) {
      return both.toIValueTuple();
    }
  }

  /** A method of a stage on the way up. */
  IValue up(Transformer.Stage stage, String method, IValue x, IValue context) {
    return model
        .module()
        .invoke(
            stage.program() + method,
            x,
            stage.weights(),
            context,
            inputs.chunks(),
            inputs.windowed());
  }

  @Nullable IValue backwardSaved(Transformer.Stage stage, IValue g, IValue saved, boolean input) {
    return through(stage, "_backward", g, saved, input);
  }

  /** The rest of a stage on the way down; null without the gradient of its input. */
  @Nullable IValue through(
      Transformer.Stage stage, String method, IValue g, IValue saved, boolean input) {
    IValue result = down(stage, method + (input ? "" : "_first"), g, saved, inputs.context());
    if (input) return result;
    result.close();
    return null;
  }

  /** A method of a stage on the way down. */
  IValue down(Transformer.Stage stage, String method, IValue g, IValue saved, IValue context) {
    return model
        .module()
        .invoke(
            stage.program() + method,
            g,
            saved,
            stage.weights(),
            stage.gradients(),
            context,
            inputs.chunks(),
            inputs.windowed());
  }

  /** Tells those who wait for something of this pass that it does not come. */
  public void failed(Throwable why) {}

  /** Dropout masks are those of (seed of the micro-batch, stage), however often it is computed. */
  void seed(int stage) {
    if (drops) JniUtils.setSeed(dropoutSeed * 31 + stage);
  }

  @Override
  public void close() {
    while (!stack.isEmpty()) stack.pop().close();
  }
}
