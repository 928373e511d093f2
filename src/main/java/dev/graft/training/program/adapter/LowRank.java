package dev.graft.training.program.adapter;

import dev.graft.training.program.LayerText;
import dev.graft.training.program.Statement;
import java.util.List;

/**
 * The low-rank path beside a linear layer (LoRA, Hu et al. 2021): {@code output = dense + scale
 * <module>.lora_B <module>.lora_A dropout(input)}. The value {@code dense} is used up.
 *
 * @param dropout probability, in training
 */
public record LowRank(
    String output, String dense, String input, String module, double scale, double dropout)
    implements Statement {
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
  public List<String> inputs() {
    return List.of(dense, input);
  }

  @Override
  public List<String> tensors() {
    return List.of(a(), b());
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, = __torch__.adapters.low_rank.forward(%s, %s, %s, %s, %s)",
        output, low(), dense, source(text), text.tensor(a()), text.tensor(b()), scale);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.adapters.low_rank.reference(%s, %s, %s, %s, %s)",
        output, dense, source(text), text.tensor(a()), text.tensor(b()), scale);
  }

  /** The input, or what dropout leaves of it. */
  private String source(LayerText text) {
    if (!text.drops(dropout)) return input;
    text.line(
        "%s, %s, = __torch__.adapters.low_rank.dropout(__torch__.ops.dtype.wide(%s), %s)",
        dropped(), mask(), input, dropout);
    return dropped();
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    boolean drops = text.drops(dropout);
    String v = "d_" + low();
    if (text.isTrained(a())) {
      text.line(
          "%s = __torch__.adapters.low_rank.backward_factors(%s, %s, %s, %s, %s, %s, %s)",
          v,
          g,
          text.saved(drops ? dropped() : input),
          text.saved(low()),
          text.tensor(b()),
          scale,
          text.gradientOf(a()),
          text.gradientOf(b()));
    } else {
      text.line(
          "%s = __torch__.adapters.low_rank.backward_low(%s, %s, %s)",
          v, g, text.tensor(b()), scale);
    }
    text.add(dense, g);
    if (!text.needsGradient(input)) return;
    String a = text.tensor(a());
    if (drops) {
      text.add(
          input,
          "__torch__.ops.dtype.like(torch.mul_(torch.mm(%s, %s), %s), %s)"
              .formatted(v, a, text.saved(mask()), g));
    } else {
      text.put(
          input,
          "__torch__.adapters.low_rank.backward_input(%s, %s, %s, %s)"
              .formatted(text.total(input), g, v, a));
    }
  }
}
