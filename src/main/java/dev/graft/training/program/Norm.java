package dev.graft.training.program;

/** {@code output = rms_norm(input) * <module>.weight}. */
public record Norm(String output, String input, String module, double eps) implements Statement {
  private String weight() {
    return module + ".weight";
  }

  private String rstd() {
    return output + "_rstd";
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, = __torch__.ops.rms_norm.forward(%s, %s, %s)",
        output, rstd(), input, text.tensor(weight()), eps);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.rms_norm.reference(%s, %s, %s)",
        output, input, text.tensor(weight()), eps);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String x = text.saved(input);
    String r = text.saved(rstd());
    if (text.isTrained(weight())) {
      text.effect(
          "__torch__.ops.rms_norm.backward_weight(%s, %s, %s, %s)",
          text.gradientOf(weight()), g, x, r);
    }
    if (text.needsGradient(input)) {
      text.put(
          input,
          "__torch__.ops.rms_norm.backward_input(%s, %s, %s, %s, %s)"
              .formatted(text.total(input), g, x, text.tensor(weight()), r));
    }
  }

  @Override
  public boolean trains(LayerText text) {
    return text.needsGradient(input) || text.isTrained(weight());
  }
}
