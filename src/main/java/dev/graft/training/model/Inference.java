package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;

/** A model's way from rows to what its head computes, and what rows are made into for it. */
record Inference(Transformer model, BatchInputs.Ropes ropes, int queryBlock) {
  static Inference of(Transformer model, Plan plan) {
    return new Inference(model, BatchInputs.Ropes.of(model.family()), plan.queryBlock());
  }

  /** Tokens in front of each row. */
  int virtual() {
    return model.virtualTokens().rows();
  }

  int vocabulary() {
    return model.family().config().vocabSize();
  }

  BatchInputs inputs(PtNDManager scope, PaddedBatch batch, long[] picked) {
    int past = model.virtualTokens().keys();
    return BatchInputs.of(scope, model.family(), ropes, batch, past, picked, queryBlock);
  }

  /** Without dropout and without anything kept for a way down. */
  IValue infer(PtNDManager scope, PaddedBatch batch, long[] picked) {
    try (BatchInputs inputs = inputs(scope, batch, picked);
        LayerPass pass = LayerPass.of(Plan.Kind.KEEP, model, inputs, false, 0)) {
      return pass.up(Integer.MAX_VALUE);
    }
  }
}
