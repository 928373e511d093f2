package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;

/**
 * A model's way from rows to what its head computes, and what rows are made into for it.
 *
 * @param attention what computes it
 */
record ForwardPass(Transformer model, ComputePlan plan, ComputePlan.Attention attention) {
  public static ForwardPass of(Transformer model, ComputePlan plan) {
    return new ForwardPass(model, plan, AttentionKernel.of(model, plan));
  }

  /** Tokens in front of each row. */
  public int virtual() {
    return model.virtualTokens().rows();
  }

  public int vocabulary() {
    return model.family().config().vocabSize();
  }

  /**
   * Lays rows out. What they begin with is shared where each of them would compute the same:
   * without virtual tokens, and where nothing is left out at random.
   *
   * @param drops whether the pass drops, see {@link LayerPass}
   */
  public TokenLayout layout(TokenBatch batch, boolean drops) {
    boolean alike = model.virtualTokens().count() == 0 && !(drops && model.drops());
    return TokenLayout.of(
        batch,
        vocabulary(),
        virtual(),
        alike ? plan.sharedPrefix() : 0,
        model.family().bidirectional());
  }

  /** The same of any micro-batch; of pairs the chosen rows come first. */
  public TokenLayout layout(MicroBatch batch, boolean drops) {
    return switch (batch) {
      case TokenBatch tokens -> layout(tokens, drops);
      case PairBatch pairs -> layout(pairs.rows(), drops);
      case LabelBatch labels -> layout(labels.inputIds());
    };
  }

  /** Rows without targets, each by itself. */
  public TokenLayout layout(int[][] inputIds) {
    return TokenLayout.of(inputIds, vocabulary(), virtual(), model.family().bidirectional());
  }

  /** Of a whole batch. */
  public BatchInputs inputs(PtNDManager scope, TokenLayout layout, long[] picked) {
    return inputs(scope, layout, picked, new long[0]);
  }

  /**
   * @param among which tokens of a whole these are, see {@link
   *     dev.graft.kernels.BatchContext#AMONG}
   */
  public BatchInputs inputs(PtNDManager scope, TokenLayout layout, long[] picked, long[] among) {
    int past = model.virtualTokens().keys();
    int queries = plan.queries(model.kind() != DeviceMemory.F32);
    return BatchInputs.of(model, scope, layout, past, picked, among, attention, queries);
  }

  /** Without dropout and without anything kept for a way down. */
  public IValue infer(PtNDManager scope, TokenLayout layout, long[] picked) {
    try (BatchInputs inputs = inputs(scope, layout, picked);
        LayerPass pass = LayerPass.of(ComputePlan.Kind.KEEP, model, inputs, false, 0)) {
      return pass.up(Integer.MAX_VALUE);
    }
  }
}
