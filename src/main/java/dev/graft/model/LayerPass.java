package dev.graft.model;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.kernels.BatchContext;
import dev.graft.kernels.TorchScriptModule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Forward and backward of one micro-batch through the stages. Forward leaves a stack for backward,
 * with one entry for each stage that trains or lies above one that does. Closing frees the rest of
 * it after an error.
 */
abstract sealed class LayerPass implements AutoCloseable {
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
   * Returns the pass of some of a micro-batch's tokens, without dropout.
   *
   * @param scope owns what lanes pass to each other
   */
  public static LayerPass lane(
      Transformer model, BatchInputs inputs, TokenLane lane, PtNDManager scope) {
    return new LanePass(model, inputs, lane, scope);
  }

  /**
   * @param again stages below this one are recomputed in backward, the others keep their
   *     activations
   */
  public static LayerPass partly(
      Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed, int again) {
    return new RecomputePass(model, inputs, drops, dropoutSeed, again);
  }

  /** Computes a stage and pushes onto the stack what {@link #backward} needs. Does not close x. */
  abstract IValue forward(int index, Transformer.Stage stage, IValue x);

  /**
   * Computes the backward of a stage: pops from the stack and adds to the gradients of the stage.
   *
   * @param g gradient of the stage's output, used up but not closed
   * @param input whether the gradient of the stage's input is wanted
   */
  abstract @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input);

  /**
   * Computes the forward pass from token ids to the output of the head.
   *
   * @param lowest first stage that leaves something for backward
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

  /** Computes the backward pass to the lowest stage that trains; closes g. */
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

  /** Computes a frozen stage below the lowest trained one; only its output is kept. */
  private IValue below(int index, Transformer.Stage stage, IValue x) {
    boolean dropping = drops && stage.drops();
    if (dropping) seed(index);
    return up(stage, dropping ? "_train" : "_infer", x, inputs.context());
  }

  /** Computes a stage and what its backward needs: (y, saved). */
  IValue[] forwardSaving(int index, Transformer.Stage stage, IValue x) {
    seed(index);
    try (IValue both = up(stage, "_forward", x, inputs.context())) {
      return both.toIValueTuple();
    }
  }

  IValue up(Transformer.Stage stage, String method, IValue x, IValue context) {
    return model.up(stage, method, x, inputs, context);
  }

  /** Runs a backward method that gives the gradient of the input, or null if that is not needed. */
  @Nullable IValue through(
      Transformer.Stage stage, String method, IValue g, IValue saved, boolean input) {
    IValue result = down(stage, method + (input ? "" : "_first"), g, saved, inputs.context());
    if (input) return result;
    result.close();
    return null;
  }

  IValue down(Transformer.Stage stage, String method, IValue g, IValue saved, IValue context) {
    return model.down(stage, method, g, saved, inputs, context);
  }

  /** Ends the wait of other passes for results of this one. */
  public void failed(Throwable why) {}

  /** Sets the seed of dropout, so that masks depend only on the micro-batch and the stage. */
  void seed(int stage) {
    if (drops) JniUtils.setSeed(dropoutSeed * 31 + stage);
  }

  @Override
  public void close() {
    while (!stack.isEmpty()) stack.pop().close();
  }

  /** Keeps the input of each stage; backward is autograd over the plain definitions. */
  private static final class AutogradPass extends LayerPass {
    AutogradPass(Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed) {
      super(model, inputs, drops, dropoutSeed);
    }

    @Override
    IValue forward(int index, Transformer.Stage stage, IValue x) {
      stack.push(x);
      IValue[] both = forwardSaving(index, stage, x);
      both[1].close();
      return both[0];
    }

    @Override
    @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input) {
      try (IValue x = stack.pop()) {
        seed(index);
        return through(stage, "_autograd", g, x, input);
      } finally {
        JniUtils.setGradMode(false); // the method leaves it on when it throws
      }
    }
  }

  /**
   * Keeps the activations that the backward of a stage needs. Of the first stages it keeps only the
   * input, and recomputes them in backward.
   */
  private static final class RecomputePass extends LayerPass {
    private final int again;

    /**
     * @param again stages below this one are recomputed
     */
    RecomputePass(
        Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed, int again) {
      super(model, inputs, drops, dropoutSeed);
      this.again = again;
    }

    @Override
    IValue forward(int index, Transformer.Stage stage, IValue x) {
      IValue[] both = forwardSaving(index, stage, x);
      if (index >= again) {
        stack.push(both[1]);
      } else {
        stack.push(x);
        both[1].close();
      }
      return both[0];
    }

    @Override
    @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input) {
      try (IValue left = stack.pop()) {
        if (index >= again) return through(stage, "_backward", g, left, input);
        IValue[] both = forwardSaving(index, stage, left);
        both[0].close();
        try (IValue saved = both[1]) {
          return through(stage, "_backward", g, saved, input);
        }
      }
    }
  }

  /**
   * Some of a micro-batch's tokens, which see the keys and values of earlier tokens and pass on
   * their own. Keeps the activations of every stage.
   */
  private static final class LanePass extends LayerPass {
    private final TokenLane lane;
    private final PtNDManager scope;

    /** Shapes of the keys and values that each stage received. */
    private final Map<Integer, Shape> earlier = new HashMap<>();

    /**
     * @param scope owns what is passed on
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

    /** Returns the context with a tensor, if there is one; the caller closes it. */
    private IValue with(BatchContext place, @Nullable PtNDArray tensor) {
      return inputs.context(tensor == null ? Map.of() : Map.of(place, tensor));
    }

    @Override
    @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input) {
      try (IValue saved = stack.pop()) {
        return stage.hands()
            ? handing(index, stage, g, saved, input)
            : through(stage, "_backward", g, saved, input);
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

  /**
   * The exchange between a lane of tokens and its neighbours. In forward a lane passes keys and
   * values to the next one, stage by stage; in backward it returns their gradient. A lane waits for
   * what it needs, so all lanes must run at the same time.
   */
  static final class TokenLane {
    private final @Nullable TokenLane before;
    private final boolean last;
    private final List<CompletableFuture<PtNDArray>> keys;
    private final List<CompletableFuture<PtNDArray>> gradients;

    private TokenLane(@Nullable TokenLane before, boolean last, int stages) {
      this.before = before;
      this.last = last;
      keys = promises(stages);
      gradients = promises(stages);
    }

    private static List<CompletableFuture<PtNDArray>> promises(int stages) {
      return Stream.generate(CompletableFuture<PtNDArray>::new).limit(stages).toList();
    }

    /**
     * @param lanes number of lanes, from the first tokens on
     */
    public static List<TokenLane> of(int lanes, int stages) {
      List<TokenLane> all = new ArrayList<>();
      for (int i = 0; i < lanes; i++) {
        all.add(new TokenLane(i == 0 ? null : all.getLast(), i == lanes - 1, stages));
      }
      return all;
    }

    /** Waits for the keys and values of all tokens before this lane, (2, kv, n, d); null = none. */
    @Nullable PtNDArray earlier(int stage) {
      return before == null ? null : before.keys.get(stage).join();
    }

    /** Returns whether a later lane waits for keys and values. */
    boolean hands() {
      return !last;
    }

    void hand(int stage, PtNDArray keysAndValues) {
      keys.get(stage).complete(keysAndValues);
    }

    /** Waits for the gradient of what was passed on, from all later lanes; null = none. */
    @Nullable PtNDArray later(int stage) {
      return last ? null : gradients.get(stage).join();
    }

    /** Passes the gradient of {@link #earlier} to the previous lane. */
    void handBack(int stage, PtNDArray gradient) {
      if (before != null) before.gradients.get(stage).complete(gradient);
    }

    /** Ends the wait of both neighbours. */
    void failed(Throwable why) {
      keys.forEach(each -> each.completeExceptionally(why));
      if (before != null) before.gradients.forEach(each -> each.completeExceptionally(why));
    }
  }
}
