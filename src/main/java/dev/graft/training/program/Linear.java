package dev.graft.training.program;

/**
 * {@code output = input <module>.weight^T}, plus the bias and the low-rank path if the layer has
 * tensors of those names.
 */
public record Linear(String output, String input, String module) implements Statement {
  private String weight() {
    return module + ".weight";
  }

  private String bias() {
    return module + ".bias";
  }

  private String a() {
    return module + ".lora_A.weight";
  }

  private String b() {
    return module + ".lora_B.weight";
  }

  /** Output of A, saved for the gradient of B. */
  private String low() {
    return output + "_low";
  }

  private String dropped() {
    return output + "_dropped";
  }

  private String mask() {
    return output + "_mask";
  }

  @Override
  public void forward(LayerText text) {
    String dense = text.hasTensor(a()) ? output + "_dense" : output;
    if (text.hasTensor(bias())) {
      text.line(
          "%s = __torch__.ops.linear.forward_bias(%s, %s, %s)",
          dense, input, text.tensor(weight()), text.tensor(bias()));
    } else {
      text.line("%s = __torch__.ops.linear.forward(%s, %s)", dense, input, text.tensor(weight()));
    }
    if (text.hasTensor(a())) {
      text.line(
          "%s, %s, = __torch__.adapters.low_rank.forward(%s, %s, %s, %s, %s)",
          output,
          low(),
          dense,
          lowRankInput(text),
          text.tensor(a()),
          text.tensor(b()),
          text.scale());
    }
  }

  @Override
  public void reference(LayerText text) {
    String dense = text.hasTensor(a()) ? output + "_dense" : output;
    text.line(
        "%s = __torch__.ops.linear.reference(%s, %s, %s)",
        dense, input, text.tensor(weight()), text.hasTensor(bias()) ? text.tensor(bias()) : "None");
    if (text.hasTensor(a())) {
      text.line(
          "%s = __torch__.adapters.low_rank.reference(%s, %s, %s, %s, %s)",
          output, dense, lowRankInput(text), text.tensor(a()), text.tensor(b()), text.scale());
    }
  }

  /** The input, or what dropout leaves of it. */
  private String lowRankInput(LayerText text) {
    if (text.dropout() == 0) return input;
    text.line(
        "%s, %s, = __torch__.adapters.low_rank.dropout(%s, %s)",
        dropped(), mask(), input, text.dropout());
    return dropped();
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (text.isTrained(weight())) {
      text.effect(
          "__torch__.ops.linear.backward_weight(%s, %s, %s)",
          text.gradientOf(weight()), g, text.saved(input));
    }
    if (text.hasTensor(bias()) && text.isTrained(bias())) {
      text.effect("__torch__.ops.linear.backward_bias(%s, %s)", text.gradientOf(bias()), g);
    }
    String v = text.isTrained(a()) ? backwardFactors(text, g) : null;
    if (!text.needsGradient(input)) return;
    text.put(
        input,
        "__torch__.ops.linear.backward_input(%s, %s, %s)"
            .formatted(text.total(input), g, text.tensor(weight())));
    if (v == null) return;
    if (text.dropout() == 0) {
      text.put(
          input,
          "__torch__.adapters.low_rank.backward_input(%s, %s, %s)"
              .formatted(text.total(input), v, text.tensor(a())));
    } else {
      text.put(
          input,
          "torch.addcmul_(%s, torch.mm(%s, %s), %s)"
              .formatted(text.total(input), v, text.tensor(a()), text.saved(mask())));
    }
  }

  private String backwardFactors(LayerText text, String g) {
    String v = "d_" + low();
    text.line(
        "%s = __torch__.adapters.low_rank.backward_factors(%s, %s, %s, %s, %s, %s, %s)",
        v,
        g,
        text.saved(text.dropout() == 0 ? input : dropped()),
        text.saved(low()),
        text.tensor(b()),
        text.scale(),
        text.gradientOf(a()),
        text.gradientOf(b()));
    return v;
  }

  @Override
  public boolean trains(LayerText text) {
    return text.needsGradient(input)
        || text.isTrained(weight())
        || text.isTrained(bias())
        || text.isTrained(a());
  }
}
