package dev.graft.model;

import ai.djl.engine.EngineException;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.Attend;
import dev.graft.model.ComputePlan.Attention;
import java.util.List;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Computes rows with a model, from their layout to the output of the head.
 *
 * @param attention kernel that computes attention
 */
record ForwardPass(Transformer model, ComputePlan plan, Attention attention) {
  public static ForwardPass of(Transformer model, ComputePlan plan) {
    return new ForwardPass(model, plan, attention(model, plan));
  }

  /** Returns the number of virtual tokens in front of each row. */
  public int virtual() {
    return model.virtualTokens().rows();
  }

  public int vocabulary() {
    return model.family().config().vocabSize();
  }

  /**
   * Lays rows out. Common prefixes are shared where each row would compute the same: without
   * virtual tokens and without dropout.
   *
   * @param drops whether the pass applies dropout, see {@link LayerPass}
   */
  public TokenLayout layout(MicroBatch.TokenBatch batch, boolean drops) {
    boolean alike = model.virtualTokens().count() == 0 && !(drops && model.drops());
    return TokenLayout.of(
        batch,
        vocabulary(),
        virtual(),
        alike ? plan.sharedPrefix() : 0,
        model.family().bidirectional());
  }

  /** Lays any micro-batch out; of pairs the chosen rows come first. */
  public TokenLayout layout(MicroBatch batch, boolean drops) {
    return switch (batch) {
      case MicroBatch.TokenBatch tokens -> layout(tokens, drops);
      case MicroBatch.PairBatch pairs -> layout(pairs.rows(), drops);
      case MicroBatch.LabelBatch labels -> layout(labels.inputIds());
    };
  }

  /** Returns the layout of rows without targets, which share no prefixes. */
  public TokenLayout layout(int[][] inputIds) {
    return TokenLayout.of(inputIds, vocabulary(), virtual(), model.family().bidirectional());
  }

  /** Returns the inputs of a whole batch. */
  public BatchInputs inputs(PtNDManager scope, TokenLayout layout, long[] picked) {
    return inputs(scope, layout, picked, new long[0]);
  }

  /**
   * @param among places of these tokens in the whole batch, see {@link
   *     dev.graft.kernels.BatchContext#AMONG}
   */
  public BatchInputs inputs(PtNDManager scope, TokenLayout layout, long[] picked, long[] among) {
    int past = model.virtualTokens().keys();
    int queries = plan.queries(model.kind() != DeviceMemory.F32);
    return BatchInputs.of(model, scope, layout, past, picked, among, attention, queries);
  }

  /** Computes the output of the head without dropout, and keeps nothing for backward. */
  public IValue infer(PtNDManager scope, TokenLayout layout, long[] picked) {
    try (BatchInputs inputs = inputs(scope, layout, picked);
        LayerPass pass = LayerPass.of(ComputePlan.Kind.KEEP, model, inputs, false, 0)) {
      return pass.up(Integer.MAX_VALUE);
    }
  }

  private static final Logger log = LoggerFactory.getLogger(ForwardPass.class);

  /** CUDA's kernels read features of a head in units of eight, up to 256. */
  private static final int UNIT = 8;

  private static final int LARGEST = 256;

  /**
   * Returns the kernel that the plan asks for, else the fastest of the device: chunks on a CPU; on
   * a GPU flash attention in half precision from compute capability 8.0 on, else the
   * memory-efficient kernel. Chunks are used where a layer caps scores, has dropout of weights, or
   * heads of other sizes.
   *
   * @throws IllegalArgumentException if the device lacks the kernel that the plan asks for
   */
  static Attention attention(Transformer model, ComputePlan plan) {
    boolean onGpu = model.memory().device().isGpu();
    Attention asked = plan.attention();
    if (asked == Attention.CHUNKS || asked == null && !onGpu) return Attention.CHUNKS;
    List<Attend> all = attends(model);
    if (all.stream().anyMatch(each -> needsChunks(each, onGpu))) return Attention.CHUNKS;
    for (Attention each : asked == null ? fastest(model) : List.of(asked)) {
      try {
        call(each, model, all.getFirst().size());
        return each;
      } catch (EngineException refused) {
        String why = "%s has no attention %s".formatted(model.memory().device(), each);
        if (asked != null) throw new IllegalArgumentException(why, refused);
        log.atWarn().addKeyValue("cause", why).setCause(refused).log("attention_is_slower");
      }
    }
    return Attention.CHUNKS;
  }

  private static List<Attention> fastest(Transformer model) {
    boolean half = model.kind() != DeviceMemory.F32;
    return half ? List.of(Attention.FLASH, Attention.EFFICIENT) : List.of(Attention.EFFICIENT);
  }

  private static List<Attend> attends(Transformer model) {
    return IntStream.range(0, model.family().config().numHiddenLayers())
        .boxed()
        .flatMap(layer -> model.family().layer(layer).stream())
        .filter(Attend.class::isInstance)
        .map(Attend.class::cast)
        .toList();
  }

  private static boolean needsChunks(Attend each, boolean onGpu) {
    boolean size = each.size() % UNIT == 0 && each.size() <= LARGEST;
    return each.softcap() > 0 || each.dropout() > 0 || onGpu && !size;
  }

  /** Calls a kernel with one token; a device that lacks it fails at once. */
  private static void call(Attention kernel, Transformer model, int size) {
    DeviceMemory memory = model.memory();
    BatchInputs.Sequences one =
        new BatchInputs.Sequences(new int[] {0, 1}, new int[] {0, 1}, new long[0], true);
    try (PtNDManager scope = memory.scope();
        PtNDArray like = memory.zeros(1)) {
      memory
          .module()
          .call(scope, "attends", like, (long) size, (long) model.kind(), one.form(kernel, 0, 0));
    }
  }
}
