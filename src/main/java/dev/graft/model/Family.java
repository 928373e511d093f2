package dev.graft.model;

import dev.graft.kernels.Attend;
import dev.graft.kernels.Attend.RotaryEmbedding;
import dev.graft.kernels.BatchContext;
import dev.graft.kernels.Elementwise.Activate;
import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.GatedActivation;
import dev.graft.kernels.Elementwise.Scale;
import dev.graft.kernels.Elementwise.Slice;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.Embedding.Embed;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Norm;
import dev.graft.kernels.Norm.LayerNorm;
import dev.graft.kernels.Statement;
import dev.graft.weights.BertConfig;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.DecoderConfig.Placement;
import dev.graft.weights.DecoderConfig.QkNorm;
import dev.graft.weights.DistilBertConfig;
import dev.graft.weights.Gpt2Config;
import dev.graft.weights.GptNeoXConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.Rope;
import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An architecture: the statements of its parts, and the names of their tensors. */
public sealed interface Family
    permits Family.DecoderFamily, Family.Gpt2Family, Family.GptNeoXFamily, EncoderFamily {
  /** Returns an architecture with its own dropouts off. */
  static Family of(ModelConfig config) {
    return of(config, Dropouts.NONE);
  }

  /**
   * @param dropouts of the base, in training
   */
  static Family of(ModelConfig config, Dropouts dropouts) {
    return switch (config) {
      case DecoderConfig c -> new DecoderFamily(c, dropouts);
      case Gpt2Config c -> new Gpt2Family(c, dropouts);
      case GptNeoXConfig c -> new GptNeoXFamily(c, dropouts);
      case BertConfig c -> new EncoderFamily.BertFamily(c, dropouts);
      case DistilBertConfig c -> new EncoderFamily.DistilBertFamily(c, dropouts);
    };
  }

  ModelConfig config();

  /**
   * Returns the statements from token ids, the value {@code x}, to the input of the first layer.
   * The output of the token table is the value {@link dev.graft.kernels.Embedding.Embed#ROWS}.
   */
  List<Statement> embedding();

  /** Returns a layer, from the value {@code x} to the output of the last statement. */
  List<Statement> layer(int index);

  /**
   * Returns the statements from the last layer's output at the picked positions, the value {@code
   * x}, to the factor of {@link #output}, or to the logits of a classification.
   */
  List<Statement> head();

  /** Returns the name of the output matrix (vocabulary, hidden); null for a classification. */
  default @Nullable String output() {
    return switch (config().task()) {
      case Task.CausalLm() ->
          config().tieWordEmbeddings()
              ? config().inputEmbedding()
              : config().outputModule() + ".weight";
      case Task.SequenceClassification _ -> null;
    };
  }

  /**
   * Returns the head of a decoder: its last norm, and the logits of a classification after it.
   *
   * @param normed ends with the last norm
   */
  private static List<Statement> decoderHead(ModelConfig config, List<Statement> normed) {
    if (config.task() instanceof Task.CausalLm) return normed;
    List<Statement> scored = new ArrayList<>(normed);
    String hidden = normed.getLast().output();
    scored.add(new LinearLayer("logits", hidden, config.outputModule(), false));
    return scored;
  }

  /** Returns the softcap of logits: they become softcap tanh(logit / softcap); 0 = none. */
  default double logitSoftcap() {
    return 0;
  }

  /**
   * Returns the largest window of a layer: a token sees itself and window - 1 earlier ones; 0 =
   * none.
   */
  default int window() {
    return 0;
  }

  /** Returns whether every token sees all others. */
  default boolean bidirectional() {
    return false;
  }

  /** Returns the row of the first token in the table of learned positions. */
  default int firstPosition() {
    return 0;
  }

  /** Returns the angles of the rotary positions; null where there are none. */
  default @Nullable Rope rope() {
    return null;
  }

  /** Returns the angles of the layers that rotate by other ones; null where there are none. */
  default @Nullable Rope localRope() {
    return null;
  }

  /** Llama (Touvron et al. 2023) and its relatives: {@link DecoderConfig} has their differences. */
  record DecoderFamily(DecoderConfig config, Dropouts dropouts) implements Family {
    @Override
    public int window() {
      return config.layers().stream()
          .mapToInt(DecoderConfig.LayerAttention::window)
          .max()
          .orElse(0);
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
      return new Norm(
          output, input, module, norms.eps(), norms.addOne(), norms.roundsOnce(), group);
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

    /** Adds the norm and the rotary positions of queries or keys. */
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
      return decoderHead(config, head);
    }

    @Override
    public double logitSoftcap() {
      return config.multipliers().logitSoftcap();
    }

    @Override
    public @Nullable Rope rope() {
      return ropes().isEmpty() ? null : ropes().getFirst();
    }

    @Override
    public @Nullable Rope localRope() {
      return ropes().size() < 2 ? null : ropes().get(1);
    }

    /** Returns the different angles in the order of the layers, at most two. */
    private List<Rope> ropes() {
      return config.layers().stream()
          .map(LayerAttention::rope)
          .filter(Objects::nonNull)
          .distinct()
          .toList();
    }
  }

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
          new Attend("o", "q", "k", "v", config.heads(), hidden / config.heads())
              .dropping(dropouts.attention()),
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
      return decoderHead(config, List.of(norm("normed", "x", "transformer.ln_f")));
    }

    private LayerNorm norm(String output, String input, String module) {
      return new LayerNorm(output, input, module, config.layerNormEpsilon());
    }

    private static LinearLayer conv1d(String output, String input, String module) {
      return new LinearLayer(output, input, module, true, true);
    }
  }

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
      return decoderHead(config, List.of(norm("normed", "x", "gpt_neox.final_layer_norm")));
    }

    private LayerNorm norm(String output, String input, String module) {
      return new LayerNorm(output, input, module, config.layerNormEps());
    }

    @Override
    public Rope rope() {
      return config.rope();
    }
  }
}
