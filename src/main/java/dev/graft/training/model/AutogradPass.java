package dev.graft.training.model;

import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import org.jspecify.annotations.Nullable;

/** Keeps the input of each layer; the way down is autograd over the plain definitions. */
final class AutogradPass extends LayerPass {
  AutogradPass(Decoder decoder, Positions positions, double dropout, long dropoutSeed) {
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
      seed(layer);
      return decoder
          .module()
          .invoke(
              of.program() + "_autograd",
              g,
              x,
              of.weights(),
              of.gradients(),
              positions.cos(),
              positions.sin());
    } finally {
      JniUtils.setGradMode(false); // the method leaves it on when it throws
    }
  }
}
