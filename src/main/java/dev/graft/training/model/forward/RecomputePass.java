package dev.graft.training.model.forward;

import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/** Keeps the input of each layer, and computes the layer again on the way down. */
final class RecomputePass extends LayerPass {
  RecomputePass(Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed) {
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
      IValue[] both = forwardSaving(index, stage, x);
      both[0].close();
      try (IValue saved = both[1]) {
        return backwardSaved(stage, g, saved, input);
      }
    }
  }
}
