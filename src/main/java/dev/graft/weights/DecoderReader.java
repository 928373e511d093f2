package dev.graft.weights;

import dev.graft.weights.DecoderConfig.Attention;
import dev.graft.weights.DecoderConfig.FeedForward;
import dev.graft.weights.DecoderConfig.LayerAttention;
import dev.graft.weights.DecoderConfig.Multipliers;
import dev.graft.weights.DecoderConfig.Norms;
import dev.graft.weights.DecoderConfig.Placement;
import dev.graft.weights.DecoderConfig.QkNorm;
import dev.graft.weights.ModelConfig.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Reads configurations of the Llama-like families. */
final class DecoderReader {
  private final ModelType type;
  private final JsonFields config;

  DecoderReader(ModelType type, JsonFields config) {
    this.type = type;
    this.config = config;
  }

  DecoderConfig read(ModelConfig.Basics basics) {
    if (config.booleanOr("use_bidirectional_attention", false)) {
      throw config.bad("use_bidirectional_attention", "true is not supported");
    }
    Attention attention = attention(basics.hiddenSize());
    Norms norms = norms();
    FeedForward feedForward = feedForward();
    DecoderLayersReader layers = new DecoderLayersReader(type, config, basics, attention.headDim());
    return new DecoderConfig(
        basics,
        attention,
        norms,
        feedForward,
        type == ModelType.PHI3,
        multipliers(basics.hiddenSize()),
        layers.read());
  }

  private Attention attention(int hidden) {
    int heads = config.requireInt("num_attention_heads", 1, 1024);
    int keyValueHeads = keyValueHeads(heads);
    int headDim = headDim(hidden, heads);
    boolean allBiases = type != ModelType.QWEN2 && readsAttentionBias();
    boolean bias = type == ModelType.QWEN2 || allBiases;
    double scale =
        switch (type) {
          case GEMMA2, GEMMA3 ->
              Math.pow(config.requireDouble("query_pre_attn_scalar", 0, 1e9), -0.5);
          case GRANITE -> config.doubleOr("attention_multiplier", 1, 0, 1e6);
          default -> Math.pow(headDim, -0.5);
        };
    QkNorm qkNorm =
        switch (type) {
          case QWEN3, GEMMA3 -> QkNorm.PER_HEAD;
          case OLMO2 -> QkNorm.FULL_WIDTH;
          default -> QkNorm.NONE;
        };
    double softcap = softcap("attn_logit_softcapping", 50);
    return new Attention(heads, keyValueHeads, headDim, scale, softcap, bias, allBiases, qkNorm);
  }

  private int keyValueHeads(int heads) {
    String field = "num_key_value_heads";
    switch (type) {
      case MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, GEMMA3, SMOLLM3 -> config.requireGiven(field);
      default -> {}
    }
    int keyValueHeads = config.intOr(field, heads, 1, 1024);
    if (heads % keyValueHeads != 0) {
      throw config.bad(field, keyValueHeads + " does not divide " + heads + " heads");
    }
    return keyValueHeads;
  }

  private int headDim(int hidden, int heads) {
    switch (type) {
      case QWEN3, GEMMA, GEMMA2, GEMMA3 -> config.requireInt("head_dim", 1, 1024);
      default -> {}
    }
    if (!config.has("head_dim") && hidden % heads != 0) {
      throw config.bad("hidden_size", hidden + " is not a multiple of " + heads + " heads");
    }
    return config.intOr("head_dim", Math.max(1, hidden / heads), 1, 1024);
  }

  private boolean readsAttentionBias() {
    return switch (type) {
      case MISTRAL, PHI3 -> false; // these never read the field
      default -> config.booleanOr("attention_bias", false);
    };
  }

  private Norms norms() {
    double usual = type == ModelType.PHI3 || type == ModelType.OLMO2 ? 1e-5 : 1e-6;
    double eps = config.doubleOr("rms_norm_eps", usual, 0, 1);
    return switch (type) {
      case GEMMA -> new Norms(eps, true, Placement.PRE);
      case GEMMA2, GEMMA3 -> new Norms(eps, true, Placement.SANDWICH);
      case OLMO2 -> new Norms(eps, false, Placement.POST);
      default -> new Norms(eps, false, Placement.PRE);
    };
  }

  private FeedForward feedForward() {
    int size = config.requireInt("intermediate_size", 1, 1 << 20);
    boolean bias =
        switch (type) {
          case LLAMA, GRANITE, SMOLLM3 -> config.booleanOr("mlp_bias", false);
          default -> false;
        };
    return new FeedForward(size, activation(), bias);
  }

  private Activation activation() {
    return switch (type) {
      case GEMMA -> gemmaActivation();
      case GEMMA2, GEMMA3 ->
          ConfigReader.activation(config, "hidden_activation", "gelu_pytorch_tanh");
      default -> ConfigReader.activation(config, "hidden_act", "silu");
    };
  }

  /** Early files have "gelu" for the variant with tanh; later ones have both fields. */
  private Activation gemmaActivation() {
    String usual = "gelu_pytorch_tanh";
    Activation activation = ConfigReader.activation(config, "hidden_act", usual);
    if (activation == Activation.GELU) activation = Activation.GELU_TANH;
    String other = "hidden_activation";
    if (config.has(other) && ConfigReader.activation(config, other, usual) != activation) {
      throw config.bad(other, "differs from hidden_act");
    }
    return activation;
  }

  private Multipliers multipliers(int hidden) {
    return switch (type) {
      case GEMMA, GEMMA2, GEMMA3 ->
          new Multipliers(
              (float) Math.sqrt(hidden), true, 1, 1, softcap("final_logit_softcapping", 30));
      case GRANITE ->
          new Multipliers(
              config.doubleOr("embedding_multiplier", 1, 0, 1e6),
              false,
              config.doubleOr("residual_multiplier", 1, 0, 1e6),
              1 / config.doubleOr("logits_scaling", 1, 0, 1e6),
              0);
      default -> Multipliers.NONE;
    };
  }

  /** Returns a cap; Gemma 2 has a default for an absent field. Null means none. */
  private double softcap(String field, double usual) {
    return switch (type) {
      case GEMMA2 -> config.isGiven(field) ? config.doubleOr(field, 0, 0, 1e9) : usual;
      case GEMMA3 -> config.doubleOr(field, 0, 0, 1e9);
      default -> 0;
    };
  }

  /** Reads what differs between layers: window and rotation. */
  static final class DecoderLayersReader {
    private static final String WINDOW = "sliding_window";

    private final ModelType type;
    private final JsonFields config;
    private final int count;
    private final Rope.RopeReader ropes;

    DecoderLayersReader(ModelType type, JsonFields config, ModelConfig.Basics basics, int headDim) {
      this.type = type;
      this.config = config;
      this.count = basics.numHiddenLayers();
      this.ropes = new Rope.RopeReader(type, config, headDim, basics.maxPositionEmbeddings());
    }

    List<LayerAttention> read() {
      return switch (type) {
        case MISTRAL -> {
          if (!config.isEmpty("layer_types")) {
            throw config.bad("layer_types", "is not supported for mistral");
          }
          yield layers(i -> true, config.isGiven(WINDOW) ? window() : 4096);
        }
        case PHI3 -> layers(i -> true, window());
        case QWEN2, QWEN3 -> {
          int first = config.intOr("max_window_layers", 28, 0, 1 << 16);
          yield layers(sliding(i -> usesWindow() && window() > 0 && i >= first), windowIfUsed());
        }
        case GEMMA2 -> layers(sliding(i -> i % 2 == 0), windowOf4096());
        case GEMMA3 -> gemma3();
        case SMOLLM3 -> smolLm3();
        default -> layers(i -> false, 0);
      };
    }

    private List<LayerAttention> layers(IntPredicate sliding, int window) {
      Rope rope = ropes.single();
      List<LayerAttention> layers = new ArrayList<>();
      for (int i = 0; i < count; i++) layers.add(layer(sliding.test(i), window, rope));
      return layers;
    }

    private static LayerAttention layer(boolean sliding, int window, @Nullable Rope rope) {
      return new LayerAttention(sliding ? window : 0, rope);
    }

    private List<LayerAttention> gemma3() {
      int pattern = config.intOr("sliding_window_pattern", 6, 1, 1 << 16);
      IntPredicate sliding = sliding(i -> (i + 1) % pattern != 0);
      int window = windowOf4096();
      Rope global = ropes.global();
      Rope local = ropes.local();
      List<LayerAttention> layers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        boolean slides = sliding.test(i);
        layers.add(layer(slides, window, slides ? local : global));
      }
      return layers;
    }

    private List<LayerAttention> smolLm3() {
      String field = "no_rope_layers";
      int interval = config.intOr("no_rope_layer_interval", 4, 1, 1 << 16);
      List<Integer> given = config.ints(field, 0, 1); // 1 = with positions, despite the name
      if (config.has(field) && given.size() < count) {
        throw config.bad(field, "has " + given.size() + " entries for " + count + " layers");
      }
      IntPredicate turns = i -> config.has(field) ? given.get(i) == 1 : (i + 1) % interval != 0;
      boolean windowed = usesWindow() && window() > 0;
      IntPredicate sliding = sliding(i -> windowed && !turns.test(i));
      Rope rope = ropes.single();
      List<LayerAttention> layers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        layers.add(layer(sliding.test(i), windowIfUsed(), turns.test(i) ? rope : null));
      }
      return layers;
    }

    private boolean usesWindow() {
      return config.booleanOr("use_sliding_window", false);
    }

    /** Returns the window; 0 if there is none. */
    private int window() {
      return config.intOr(WINDOW, 0, 1, 1 << 28);
    }

    private int windowIfUsed() {
      return usesWindow() ? window() : 0;
    }

    private int windowOf4096() {
      return config.isGiven(WINDOW) ? window() : 4096;
    }

    /** Returns {@code layer_types} if present, else the family's own pattern. */
    private IntPredicate sliding(IntPredicate pattern) {
      String field = "layer_types";
      List<String> types = config.texts(field);
      if (types == null) return pattern;
      if (types.size() != count) {
        throw config.bad(field, "has " + types.size() + " entries for " + count + " layers");
      }
      List<Boolean> slides = new ArrayList<>();
      for (String each : types) {
        switch (each) {
          case "sliding_attention" -> slides.add(true);
          case "full_attention" -> slides.add(false);
          default ->
              throw config.bad(
                  field, "contains '" + each + "'; supported: full_attention, sliding_attention");
        }
      }
      boolean none =
          type == ModelType.GEMMA2 || type == ModelType.GEMMA3
              ? windowOf4096() == 0
              : windowIfUsed() == 0;
      if (none && slides.contains(true)) {
        throw config.bad(field, "has sliding_attention, but there is no sliding_window");
      }
      return slides::get;
    }
  }
}
