package dev.graft.kernels;

import java.util.List;

/**
 * The second half of the low-rank path beside a linear layer: {@code output = dense + scale low
 * <module>.lora_B^T}. The value {@code dense} is used up.
 *
 * @param low output of a {@link LowRankInput}
 * @param start first of the module's ranks in it
 */
public record LowRank(
    String output, String dense, String low, int start, String module, double scale)
    implements Statement {
  private String b() {
    return module + ".lora_B.weight";
  }

  @Override
  public List<String> inputs() {
    return List.of(dense, low);
  }

  @Override
  public List<String> tensors() {
    return List.of(b());
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s = __torch__.adapters.low_rank.added(%s, %s, %d, %s, %s)",
        output, dense, low, start, text.tensor(b()), scale);
  }

  @Override
  public boolean fresh() {
    return true;
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.adapters.low_rank.added_reference(%s, %s, %d, %s, %s)",
        output, dense, low, start, text.tensor(b()), scale);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    String typed = "d_" + output + "_typed"; // both products read it
    text.line("%s = __torch__.ops.dtype.like(%s, %s)", typed, g, text.tensor(b()));
    if (text.isTrained(b())) {
      text.effect(
          "__torch__.adapters.low_rank.backward_b(%s, %s, %d, %s, %s)",
          typed, text.saved(low), start, scale, text.gradientOf(b()));
    }
    if (text.needsGradient(low)) {
      text.put(
          low,
          "__torch__.adapters.low_rank.backward_low(%s, %s, %s, %d, %s, %s)"
              .formatted(text.total(low), typed, text.saved(low), start, text.tensor(b()), scale));
    }
    text.add(dense, g);
  }
}
