package dev.graft.kernels;

import java.util.List;

/**
 * In training, adds to a value noise that is uniform within {@code alpha / sqrt(L d)}, where L are
 * the tokens that the batch is wide and d features (NEFTune, Jain et al. 2023). The value keeps its
 * name, and its gradient.
 *
 * @param virtual tokens in front of every row, which get none
 */
public record Noise(String output, double alpha, int virtual) implements Statement {
  @Override
  public boolean drops() {
    return alpha > 0;
  }

  @Override
  public List<String> inputs() {
    return List.of(output);
  }

  @Override
  public void forward(LayerText text) {
    if (!text.drops(alpha)) return;
    text.line(
        "%s = __torch__.ops.noise.add(%s, %s, %s, %s, %d, %s)",
        output,
        output,
        alpha,
        BatchContext.WIDTH.reference(),
        BatchContext.JOINED.reference(),
        virtual,
        BatchContext.AMONG.reference());
  }

  @Override
  public void backward(LayerText text) {
    text.add(output, text.take(output));
  }
}
