package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = rms_norm(input) * <module>.weight}.
 *
 * @param addOne multiplies by 1 + weight, as Gemma
 * @param once in bf16, rounds only after the weight, not also before it
 * @param group features that are normed together; 0 = all
 */
public record Norm(
    String output, String input, String module, double eps, boolean addOne, boolean once, int group)
    implements Statement.Unary {
  public Norm(String output, String input, String module, double eps) {
    this(output, input, module, eps, false, false, 0);
  }

  private String name() {
    return module + ".weight";
  }

  private String weight(LayerText text) {
    String weight = text.tensor(name());
    return addOne ? "torch.add(" + weight + ", 1)" : weight;
  }

  private String rounding() {
    return once ? "True" : "False";
  }

  private String rstd() {
    return output + "_rstd";
  }

  /** Returns the value with one row per group. */
  private String grouped(String value) {
    return group == 0 ? value : "torch.reshape(%s, [-1, %d])".formatted(value, group);
  }

  @Override
  public List<String> tensors() {
    return List.of(name());
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, = __torch__.ops.rms_norm.forward(%s, %s, %s, %s)",
        output, rstd(), grouped(input), weight(text), eps, rounding());
    if (group > 0) text.line("%s = torch.reshape(%s, torch.size(%s))", output, output, input);
  }

  @Override
  public boolean cheap() {
    return true;
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = torch.reshape(__torch__.ops.rms_norm.reference(%s, %s, %s, %s), torch.size(%s))",
        output, grouped(input), weight(text), eps, rounding(), input);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String x = text.saved(input);
    String r = text.saved(rstd());
    if (text.isTrained(name())) {
      text.effect(
          "__torch__.ops.rms_norm.backward_weight(%s, %s, %s, %s)",
          text.gradientOf(name()), grouped(g), grouped(x), r);
    }
    if (!text.needsGradient(input)) return;
    if (group == 0) {
      text.put(
          input,
          "__torch__.ops.rms_norm.backward_input(%s, %s, %s, %s, %s)"
              .formatted(text.total(input), g, x, weight(text), r));
    } else {
      text.add(
          input,
          "torch.reshape(__torch__.ops.rms_norm.backward_input(None, %s, %s, %s, %s), torch.size(%s))"
              .formatted(grouped(g), grouped(x), weight(text), r, x));
    }
  }

  /** {@code output = (input - mean) / sqrt(variance + eps) * <module>.weight + <module>.bias}. */
  public record LayerNorm(String output, String input, String module, double eps)
      implements Statement.Unary {
    /** Returns the same norm with another input. */
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
}
