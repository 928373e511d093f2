package dev.graft.training.model;

import ai.djl.pytorch.jni.IValue;
import org.jspecify.annotations.Nullable;

/** Keeps what each layer's backward needs. */
final class KeepPass extends LayerPass {
  KeepPass(Decoder decoder, Positions positions, double dropout, long dropoutSeed) {
    super(decoder, positions, dropout, dropoutSeed);
  }

  @Override
  IValue forward(int layer, Decoder.Layer of, IValue x) {
    IValue[] both = forwardSaving(layer, of, x);
    stack.push(both[1]);
    return both[0];
  }

  @Override
  @Nullable IValue backward(int layer, Decoder.Layer of, IValue g, boolean input) {
    try (IValue saved = stack.pop()) {
      return backwardSaved(of, g, saved, input);
    }
  }
}
