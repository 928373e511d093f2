package dev.graft.training.model;

import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/** Keeps the input of each layer, and computes the layer again on the way down. */
final class RecomputePass extends LayerPass {
  RecomputePass(Decoder decoder, Positions positions, double dropout, long dropoutSeed) {
    super(decoder, positions, dropout, dropoutSeed);
  }

  @Override
  IValue forward(int layer, Decoder.Layer of, IValue x) {
    stack.push(x);
    IValue[] both = forwardSaving(layer, of, x);
    both[1].close();
    return both[0];
  }

  @Override
  @Nullable IValue backward(int layer, Decoder.Layer of, IValue g, boolean input) {
    try (IValue x = stack.pop()) {
      IValue[] both = forwardSaving(layer, of, x);
      both[0].close();
      try (IValue saved = both[1]) {
        return backwardSaved(of, g, saved, input);
      }
    }
  }
}
