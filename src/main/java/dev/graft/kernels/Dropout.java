package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = input}, in training with each element zero at the given probability and the
 * others scaled up to keep the mean (Srivastava et al. 2014).
 */
public record Dropout(String output, String input, double probability) implements Statement {
  private String mask() {
    return output + "_mask";
  }

  @Override
  public boolean drops() {
    return probability > 0;
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    if (text.drops(probability)) {
      text.line(
          "%s, %s, = __torch__.adapters.low_rank.dropout(%s, %s, %s)",
          output, mask(), input, probability, BatchContext.AMONG.reference());
    } else {
      text.line("%s = %s", output, input);
    }
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    text.add(
        input,
        text.drops(probability)
            ? "__torch__.ops.dtype.like(torch.mul(%s, %s), %s)".formatted(g, text.saved(mask()), g)
            : g);
  }
}
