package dev.graft.training.model.forward;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.ComputePlan;

/** A model's way from rows to what its head computes, and what rows are made into for it. */
public record ForwardPass(Transformer model, BatchInputs.Ropes ropes, int queryBlock) {
  public static ForwardPass of(Transformer model, ComputePlan plan) {
    return new ForwardPass(model, BatchInputs.Ropes.of(model.family()), plan.queryBlock());
  }

  /** Tokens in front of each row. */
  public int virtual() {
    return model.virtualTokens().rows();
  }

  public int vocabulary() {
    return model.family().config().vocabSize();
  }

  public BatchInputs inputs(PtNDManager scope, PaddedBatch batch, long[] picked) {
    int past = model.virtualTokens().keys();
    return BatchInputs.of(scope, model.family(), ropes, batch, past, picked, queryBlock);
  }

  /** Without dropout and without anything kept for a way down. */
  public IValue infer(PtNDManager scope, PaddedBatch batch, long[] picked) {
    try (BatchInputs inputs = inputs(scope, batch, picked);
        LayerPass pass = LayerPass.of(ComputePlan.Kind.KEEP, model, inputs, false, 0)) {
      return pass.up(Integer.MAX_VALUE);
    }
  }
}
