package dev.graft.kernels;

import java.util.List;

/** {@code output = (input - mean) / sqrt(variance + eps) * <module>.weight + <module>.bias}. */
public record LayerNorm(String output, String input, String module, double eps)
    implements Statement {
  /** The same norm of another value. */
  LayerNorm reading(String other) {
    return new LayerNorm(output, other, module, eps);
  }

  private String weight() {
    return module + ".weight";
  }

  private String bias() {
    return module + ".bias";
  }

  private String mean() {
    return output + "_mean";
  }

  private String rstd() {
    return output + "_rstd";
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return List.of(weight(), bias());
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, %s, = __torch__.ops.layer_norm.forward(%s, %s, %s, %s)",
        output, mean(), rstd(), input, text.tensor(weight()), text.tensor(bias()), eps);
  }

  @Override
  public boolean cheap() {
    return true;
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.layer_norm.reference(%s, %s, %s, %s)",
        output, input, text.tensor(weight()), text.tensor(bias()), eps);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String x = text.saved(input);
    String m = text.saved(mean());
    String r = text.saved(rstd());
    if (text.isTrained(weight())) {
      text.effect(
          "__torch__.ops.layer_norm.backward_weight(%s, %s, %s, %s, %s)",
          text.gradientOf(weight()), g, x, m, r);
    }
    if (text.isTrained(bias())) {
      text.effect("__torch__.ops.linear.backward_bias(%s, %s)", text.gradientOf(bias()), g);
    }
    if (text.needsGradient(input)) {
      text.add(
          input,
          "__torch__.ops.layer_norm.backward_input(%s, %s, %s, %s, %s)"
              .formatted(g, x, text.tensor(weight()), m, r));
    }
  }
}
