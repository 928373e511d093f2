package dev.graft.training.model.forward;

import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/** Keeps what each layer's backward needs. */
final class KeepPass extends LayerPass {
  KeepPass(Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed) {
    super(model, inputs, drops, dropoutSeed);
  }

  @Override
  IValue forward(int index, Transformer.Stage stage, IValue x) {
    IValue[] both = forwardSaving(index, stage, x);
    stack.push(both[1]);
    return both[0];
  }

  @Override
  @Nullable IValue backward(int index, Transformer.Stage stage, IValue g, boolean input) {
    try (IValue saved = stack.pop()) {
      return backwardSaved(stage, g, saved, input);
    }
  }
}
