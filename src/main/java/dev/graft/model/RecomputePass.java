package dev.graft.model;

import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/**
 * Keeps what the backward of a stage needs; of the first stages only the input, and computes them
 * again on the way down, when all that was kept is gone.
 */
final class RecomputePass extends LayerPass {
  private final int again;

  /**
   * @param again stages below this one are computed again
   */
  RecomputePass(Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed, int again) {
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
    IValue left = stack.pop();
    if (index >= again) {
      try (left) {
        return backwardSaved(stage, g, left, input);
      }
    }
    try (left) {
      IValue[] both = forwardSaving(index, stage, left);
      both[0].close();
      try (IValue saved = both[1]) {
        return backwardSaved(stage, g, saved, input);
      }
    }
  }
}
