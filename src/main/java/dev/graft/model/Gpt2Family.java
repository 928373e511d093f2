package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.BatchContext;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Slice;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Sum;
import dev.graft.weights.Dropouts;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.Rope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** GPT-2 (Radford et al. 2019): learned positions, norms before, weights stored (in, out). */
record Gpt2Family(Gpt2Config config, Dropouts dropouts) implements Family {
  @Override
  public List<Statement> embedding() {
    return List.of(
        new Embed(Embed.ROWS, null, config.inputEmbedding()),
        new Embed("positions", BatchContext.POSITIONS, "transformer.wpe.weight"),
        new Sum("placed", Embed.ROWS, "positions"),
        new Dropout("y", "placed", dropouts.embedding()));
  }

  @Override
  public List<Statement> layer(int index) {
    int hidden = config.hiddenSize();
    return List.of(
        norm("attention_in", "x", "ln_1"),
        conv1d("qkv", "attention_in", "attn.c_attn"),
        new Slice("q", "qkv", 3 * hidden, 1, 0, hidden),
        new Slice("k", "qkv", 3 * hidden, 1, hidden, hidden),
        new Slice("v", "qkv", 3 * hidden, 1, 2 * hidden, hidden),
        new Attend("o", "q", "k", "v", config.heads(), headDim()).dropping(dropouts.attention()),
        conv1d("attention_out", "o", "attn.c_proj"),
        new Dropout("attention_left", "attention_out", dropouts.attentionOutput()),
        new Sum("middle", "x", "attention_left"),
        norm("mlp_in", "middle", "ln_2"),
        conv1d("up", "mlp_in", "mlp.c_fc"),
        new Activate("activated", "up", config.activation()),
        conv1d("mlp_out", "activated", "mlp.c_proj"),
        new Dropout("mlp_left", "mlp_out", dropouts.feedForward()),
        new Sum("y", "middle", "mlp_left"));
  }

  @Override
  public List<Statement> head() {
    return DecoderHead.of(config, List.of(norm("normed", "x", "transformer.ln_f")));
  }

  private LayerNorm norm(String output, String input, String module) {
    return new LayerNorm(output, input, module, config.layerNormEpsilon());
  }

  private static LinearLayer conv1d(String output, String input, String module) {
    return new LinearLayer(output, input, module, true, true);
  }

  @Override
  public @Nullable String output() {
    return DecoderHead.output(config);
  }

  @Override
  public int headDim() {
    return config.hiddenSize() / config.heads();
  }

  @Override
  public int keyValueHeads() {
    return config.heads();
  }

  @Override
  public @Nullable Rope rope() {
    return null;
  }
}
