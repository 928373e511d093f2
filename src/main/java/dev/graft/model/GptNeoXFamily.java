package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.Attend.RotaryEmbedding;
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
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.Rope;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * GPT-NeoX (Black et al. 2022) and Pythia: attention and feed-forward beside each other, part of
 * each head rotated, queries, keys and values of a head next to each other in one projection.
 */
record GptNeoXFamily(GptNeoXConfig config, Dropouts dropouts) implements Family {
  @Override
  public List<Statement> embedding() {
    return List.of(
        new Embed(Embed.ROWS, null, config.inputEmbedding()),
        new Dropout("y", Embed.ROWS, dropouts.embedding()));
  }

  @Override
  public List<Statement> layer(int index) {
    List<Statement> layer = new ArrayList<>();
    layer.add(norm("attention_in", "x", "input_layernorm"));
    attention(layer);
    String mlpIn = config.useParallelResidual() ? "x" : "middle";
    layer.add(new Dropout("attention_left", "attention_out", dropouts.attentionOutput()));
    layer.add(new Sum("middle", "x", "attention_left"));
    layer.add(norm("mlp_in", mlpIn, "post_attention_layernorm"));
    layer.add(new LinearLayer("up", "mlp_in", "mlp.dense_h_to_4h", true));
    layer.add(new Activate("activated", "up", config.activation()));
    layer.add(new LinearLayer("mlp_out", "activated", "mlp.dense_4h_to_h", true));
    layer.add(new Dropout("mlp_left", "mlp_out", dropouts.feedForward()));
    layer.add(new Sum("y", "middle", "mlp_left"));
    return layer;
  }

  private void attention(List<Statement> layer) {
    int size = config.headDim();
    layer.add(
        new LinearLayer(
            "qkv", "attention_in", "attention.query_key_value", config.attentionBias()));
    layer.add(ofEachHead("q", 0));
    layer.add(ofEachHead("k", 1));
    layer.add(ofEachHead("v", 2));
    layer.add(new RotaryEmbedding("q_turned", "q", size));
    layer.add(new RotaryEmbedding("k_turned", "k", size));
    layer.add(
        new Attend("o", "q_turned", "k_turned", "v", config.heads(), size)
            .dropping(dropouts.attention()));
    layer.add(new LinearLayer("attention_out", "o", "attention.dense", config.attentionBias()));
  }

  private Slice ofEachHead(String output, int third) {
    int size = config.headDim();
    return new Slice(output, "qkv", 3 * config.hiddenSize(), config.heads(), third * size, size);
  }

  @Override
  public List<Statement> head() {
    return DecoderHead.of(config, List.of(norm("normed", "x", "gpt_neox.final_layer_norm")));
  }

  private LayerNorm norm(String output, String input, String module) {
    return new LayerNorm(output, input, module, config.layerNormEps());
  }

  @Override
  public @Nullable String output() {
    return DecoderHead.output(config);
  }

  @Override
  public int headDim() {
    return config.headDim();
  }

  @Override
  public int keyValueHeads() {
    return config.heads();
  }

  @Override
  public Rope rope() {
    return config.rope();
  }
}
