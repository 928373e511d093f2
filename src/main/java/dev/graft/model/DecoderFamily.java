package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.Attend.RotaryEmbedding;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.GatedActivation;
import dev.graft.kernels.Elementwise.Scale;
import dev.graft.kernels.Elementwise.Slice;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm;
import dev.graft.kernels.Statement;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.DecoderConfig.Placement;
import dev.graft.weights.DecoderConfig.QkNorm;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.Rope;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Llama (Touvron et al. 2023) and its relatives: {@link DecoderConfig} says what sets them apart.
 */
record DecoderFamily(DecoderConfig config, Dropouts dropouts) implements Family {
  @Override
  public int window() {
    return config.layers().stream().mapToInt(DecoderConfig.LayerAttention::window).max().orElse(0);
  }

  @Override
  public List<Statement> embedding() {
    String table = config.inputEmbedding();
    double factor = config.multipliers().embedding();
    if (factor == 1) return List.of(new Embed(Embed.ROWS, null, table));
    return config.multipliers().scalesTable()
        ? List.of(
            new Embed("unscaled", null, table), new Scale(Embed.ROWS, "unscaled", factor, true))
        : List.of(new Embed(Embed.ROWS, null, table), new Scale("y", Embed.ROWS, factor));
  }

  @Override
  public List<Statement> layer(int index) {
    Placement placement = config.norms().placement();
    List<Statement> layer = new ArrayList<>();
    String attentionIn = "x";
    if (placement != Placement.POST) {
      attentionIn = norm(layer, "attention_in", "x", "input_layernorm");
    }
    attention(layer, attentionIn, config.layers().get(index));
    String attended = "attention_left";
    if (placement != Placement.PRE) {
      attended = norm(layer, "attended", attended, "post_attention_layernorm");
    }
    layer.add(new Sum("middle", "x", attended, config.multipliers().residual()));
    String mlpIn =
        switch (placement) {
          case PRE -> norm(layer, "mlp_in", "middle", "post_attention_layernorm");
          case SANDWICH -> norm(layer, "mlp_in", "middle", "pre_feedforward_layernorm");
          case POST -> "middle";
        };
    feedForward(layer, mlpIn);
    String fed = "mlp_left";
    if (placement != Placement.PRE) fed = norm(layer, "fed", fed, "post_feedforward_layernorm");
    layer.add(new Sum("y", "middle", fed, config.multipliers().residual()));
    return layer;
  }

  private String norm(List<Statement> layer, String output, String input, String module) {
    layer.add(norm(output, input, module, 0));
    return output;
  }

  private Norm norm(String output, String input, String module, int group) {
    DecoderConfig.Norms norms = config.norms();
    return new Norm(output, input, module, norms.eps(), norms.addOne(), norms.roundsOnce(), group);
  }

  private void attention(List<Statement> layer, String in, LayerAttention kind) {
    DecoderConfig.Attention attention = config.attention();
    int size = attention.headDim();
    int queries = attention.heads() * size;
    int keys = attention.keyValueHeads() * size;
    boolean bias = attention.bias();
    if (config.fused()) {
      int all = queries + 2 * keys;
      layer.add(new LinearLayer("qkv", in, "self_attn.qkv_proj", bias));
      layer.add(new Slice("q", "qkv", all, 1, 0, queries));
      layer.add(new Slice("k", "qkv", all, 1, queries, keys));
      layer.add(new Slice("v", "qkv", all, 1, queries + keys, keys));
    } else {
      layer.add(new LinearLayer("q", in, "self_attn.q_proj", bias));
      layer.add(new LinearLayer("k", in, "self_attn.k_proj", bias));
      layer.add(new LinearLayer("v", in, "self_attn.v_proj", bias));
    }
    layer.add(
        new Attend(
                "o",
                placed(layer, "q", kind.rope()),
                placed(layer, "k", kind.rope()),
                "v",
                attention.keyValueHeads(),
                size,
                attention.scale(),
                kind.window(),
                attention.softcap())
            .dropping(dropouts.attention()));
    layer.add(new LinearLayer("attention_out", "o", "self_attn.o_proj", attention.outputBias()));
    layer.add(new Dropout("attention_left", "attention_out", dropouts.attentionOutput()));
  }

  /** Queries or keys with their own norm and their positions. */
  private String placed(List<Statement> layer, String name, @Nullable Rope rope) {
    String value = name;
    QkNorm kind = config.attention().qkNorm();
    int size = config.attention().headDim();
    if (kind != QkNorm.NONE) {
      int group = kind == QkNorm.PER_HEAD ? size : 0;
      layer.add(norm(name + "_normed", name, "self_attn." + name + "_norm", group));
      value = name + "_normed";
    }
    if (rope == null) return value;
    layer.add(new RotaryEmbedding(name + "_turned", value, size, !rope.equals(rope())));
    return name + "_turned";
  }

  private void feedForward(List<Statement> layer, String in) {
    DecoderConfig.FeedForward of = config.feedForward();
    if (config.fused()) {
      layer.add(new LinearLayer("gate_up", in, "mlp.gate_up_proj", of.bias()));
      layer.add(new Slice("gate", "gate_up", 2 * of.size(), 1, 0, of.size()));
      layer.add(new Slice("up", "gate_up", 2 * of.size(), 1, of.size(), of.size()));
    } else {
      layer.add(new LinearLayer("gate", in, "mlp.gate_proj", of.bias()));
      layer.add(new LinearLayer("up", in, "mlp.up_proj", of.bias()));
    }
    layer.add(new GatedActivation("gated", "gate", "up", of.activation()));
    layer.add(new LinearLayer("mlp_out", "gated", "mlp.down_proj", of.bias()));
    layer.add(new Dropout("mlp_left", "mlp_out", dropouts.feedForward()));
  }

  @Override
  public List<Statement> head() {
    List<Statement> head = new ArrayList<>();
    head.add(norm("normed", "x", "model.norm", 0));
    double scale = config.multipliers().logitsScale();
    if (output() != null && scale != 1) head.add(new Scale("scaled", "normed", scale));
    return DecoderHead.of(config, head);
  }

  @Override
  public @Nullable String output() {
    return DecoderHead.output(config);
  }

  @Override
  public double logitSoftcap() {
    return config.multipliers().logitSoftcap();
  }

  @Override
  public int headDim() {
    return config.attention().headDim();
  }

  @Override
  public int keyValueHeads() {
    return config.attention().keyValueHeads();
  }

  @Override
  public @Nullable Rope rope() {
    return ropes().isEmpty() ? null : ropes().getFirst();
  }

  @Override
  public @Nullable Rope localRope() {
    return ropes().size() < 2 ? null : ropes().get(1);
  }

  /** Different ones, in the order of the layers: at most two. */
  private List<Rope> ropes() {
    return config.layers().stream()
        .map(LayerAttention::rope)
        .filter(Objects::nonNull)
        .distinct()
        .toList();
  }
}
