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
 * One micro-batch on its way up and down the stages, under one plan. What the way up leaves for the
 * way down is a stack with one entry a stage that trains or lies above one that does. Closing frees
 * what is left of it after an error.
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

  IValue up(Transformer.Stage stage, String method, IValue x, IValue context) {
    return model.up(stage, method, x, inputs, context);
  }

  /** The rest of a stage on the way down; null without the gradient of its input. */
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

  /** Keeps the input of each stage; the way down is autograd over the plain definitions. */
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
   * Keeps what the backward of a stage needs; of the first stages only the input, and computes them
   * again on the way down, when all that was kept is gone.
   */
  private static final class RecomputePass extends LayerPass {
    private final int again;

    /**
     * @param again stages below this one are computed again
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
   * Some of a micro-batch's tokens, which see keys and values of those before them and hand on
   * their own. Keeps what backward needs of every stage.
   */
  private static final class LanePass extends LayerPass {
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
   * What one lane of a micro-batch that is cut between its tokens hands to its neighbours: up, keys
   * and values to the one behind, stage by stage; down, the gradient of those back. Whoever needs
   * something waits for it. All lanes must run at the same time.
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
     * @param lanes from the first tokens on
     */
    public static List<TokenLane> of(int lanes, int stages) {
      List<TokenLane> all = new ArrayList<>();
      for (int i = 0; i < lanes; i++) {
        all.add(new TokenLane(i == 0 ? null : all.getLast(), i == lanes - 1, stages));
      }
      return all;
    }

    /** Keys and values of all tokens before this lane's, (2, kv, n, d); null = there are none. */
    @Nullable PtNDArray earlier(int stage) {
      return before == null ? null : before.keys.get(stage).join();
    }

    /** Whether a lane behind waits for keys and values. */
    boolean hands() {
      return !last;
    }

    void hand(int stage, PtNDArray keysAndValues) {
      keys.get(stage).complete(keysAndValues);
    }

    /** Gradient of what was handed on, of all lanes behind; null = there is none. */
    @Nullable PtNDArray later(int stage) {
      return last ? null : gradients.get(stage).join();
    }

    /** Gives the gradient of {@link #earlier} to the lane before. */
    void handBack(int stage, PtNDArray gradient) {
      if (before != null) before.gradients.get(stage).complete(gradient);
    }

    /** Nothing more comes from here. */
    void failed(Throwable why) {
      keys.forEach(each -> each.completeExceptionally(why));
      if (before != null) before.gradients.forEach(each -> each.completeExceptionally(why));
    }
  }
}
