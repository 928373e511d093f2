package dev.graft.model;

import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import org.jspecify.annotations.Nullable;

/** Keeps the input of each stage; the way down is autograd over the plain definitions. */
final class AutogradPass extends LayerPass {
  AutogradPass(Transformer model, BatchInputs inputs, boolean drops, long dropoutSeed) {
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
      seed(index);
      IValue result =
          model
              .module()
              .invoke(
                  stage.program() + (input ? "_autograd" : "_autograd_first"),
                  g,
                  x,
                  stage.weights(),
                  stage.gradients(),
                  inputs.context(),
                  inputs.chunks(),
                  inputs.windowed());
      if (input) return result;
      result.close();
      return null;
    } finally {
      JniUtils.setGradMode(false); // the method leaves it on when it throws
    }
  }
}
