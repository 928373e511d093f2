package dev.graft.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The low-rank path beside a table (LoRA, Hu et al. 2021): {@code output = dense + scale
 * <module>.lora_embedding_A[:, ids]^T <module>.lora_embedding_B^T}. The value {@code dense} is used
 * up.
 *
 * @param ids null = the program's input {@code x}
 */
public record LowRankEmbed(
    String output, String dense, @Nullable BatchContext ids, String module, double scale)
    implements Statement {
  private String a() {
    return module + ".lora_embedding_A";
  }

  private String b() {
    return module + ".lora_embedding_B";
  }

  private String low() {
    return output + "_low";
  }

  @Override
  public List<String> inputs() {
    return List.of(dense);
  }

  @Override
  public List<String> tensors() {
    return List.of(a(), b());
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s, %s, = __torch__.adapters.low_rank.embed(%s, %s, %s, %s, %s)",
        output, low(), dense, BatchContext.indices(ids), text.tensor(a()), text.tensor(b()), scale);
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.adapters.low_rank.embed_reference(%s, %s, %s, %s, %s)",
        output, dense, BatchContext.indices(ids), text.tensor(a()), text.tensor(b()), scale);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (text.isTrained(a())) {
      if (ids == null) text.saved(LayerProgram.INPUT);
      text.effect(
          "__torch__.adapters.low_rank.embed_backward(%s, %s, %s, %s, %s, %s, %s)",
          g,
          BatchContext.indices(ids),
          text.saved(low()),
          text.tensor(b()),
          scale,
          text.gradientOf(a()),
          text.gradientOf(b()));
    }
    text.add(dense, g);
  }
}
