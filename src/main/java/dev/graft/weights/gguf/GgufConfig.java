package dev.graft.weights.gguf;

import dev.graft.weights.Dtype;
import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelType;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.Rope;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** Creates the {@code config.json} of a file from its keys and tensors. */
final class GgufConfig {
  private static final List<ModelType> TYPES =
      List.of(
          ModelType.LLAMA,
          ModelType.MISTRAL,
          ModelType.QWEN2,
          ModelType.QWEN3,
          ModelType.GEMMA,
          ModelType.GEMMA2,
          ModelType.GEMMA3,
          ModelType.OLMO2,
          ModelType.GRANITE,
          ModelType.SMOLLM3);

  private final GgufFile gguf;
  private final GgufFile.GgufKeys keys;
  private final String architecture;
  private final ModelType type;
  private final ObjectNode config = Json.object();

  GgufConfig(GgufFile gguf) {
    this.gguf = gguf;
    this.keys = gguf.keys();
    this.architecture = keys.requireText("general.architecture");
    this.type = type();
  }

  /** Returns the model type; files of Llama's architecture with a window are Mistral's. */
  private ModelType type() {
    List<ModelType> types =
        TYPES.stream()
            .filter(each -> architecture.equals(LlamaCppModel.architecture(each)))
            .toList();
    if (types.isEmpty()) {
      String supported =
          TYPES.stream()
              .map(LlamaCppModel::architecture)
              .distinct()
              .collect(Collectors.joining(", "));
      throw keys.bad(
          "general.architecture", "is '%s'; supported: %s".formatted(architecture, supported));
    }
    return types.size() > 1 && keys.has(key("attention.sliding_window"))
        ? types.get(1)
        : types.getFirst();
  }

  ObjectNode json() {
    Integer experts = keys.integer(key("expert_count"), 0, 1 << 16);
    if (experts != null && experts > 0) {
      throw keys.bad(key("expert_count"), "indicates a mixture of experts");
    }
    config.put("model_type", type.text());
    config.putArray("architectures").add(type.causalLm());
    size("num_hidden_layers", "block_count", 1024);
    size("hidden_size", "embedding_length", 1 << 16);
    size("intermediate_size", "feed_forward_length", 1 << 20);
    size("max_position_embeddings", "context_length", 1 << 28);
    attention();
    config.put(
        "rms_norm_eps", shortest(keys.requireReal(key("attention.layer_norm_rms_epsilon"), 0, 1)));
    vocabulary();
    new GgufRope(gguf, architecture, type, config).put();
    family();
    return config;
  }

  private void attention() {
    int heads = keys.requireInt(key("attention.head_count"), 1, 1024);
    int hidden = keys.requireInt(key("embedding_length"), 1, 1 << 16);
    Integer keyValueHeads = keys.integer(key("attention.head_count_kv"), 1, 1024);
    Integer width = keys.integer(key("attention.key_length"), 1, 1024);
    if (width == null) width = keys.integer(key("rope.dimension_count"), 1, 1024);
    if (width == null) width = hidden / heads;
    Integer values = keys.integer(key("attention.value_length"), 1, 1024);
    if (values != null && !values.equals(width)) {
      throw keys.bad(
          key("attention.value_length"), "is " + values + ", but the width of keys is " + width);
    }
    config.put("num_attention_heads", heads);
    config.put("num_key_value_heads", keyValueHeads == null ? heads : keyValueHeads);
    config.put("head_dim", width);
    if (type != ModelType.QWEN2 && type != ModelType.MISTRAL) {
      config.put("attention_bias", gguf.find("blk.0.attn_q.bias") != null);
    }
  }

  private void vocabulary() {
    GgufFile.GgufTensor table = gguf.find("token_embd.weight");
    if (table == null) throw keys.bad("tensor token_embd.weight", "is missing");
    if (table.shape()[0] > 1 << 24) throw keys.bad("tensor token_embd.weight", "has too many rows");
    config.put("vocab_size", (int) table.shape()[0]);
    config.put("tie_word_embeddings", gguf.find("output.weight") == null);
    config.put("dtype", table.dtype().torchName());
    int last = (int) table.shape()[0] - 1;
    id("bos_token_id", keys.integer("tokenizer.ggml.bos_token_id", 0, last));
    id("pad_token_id", keys.integer("tokenizer.ggml.padding_token_id", 0, last));
    Integer eos = keys.integer("tokenizer.ggml.eos_token_id", 0, last);
    Integer turn = keys.integer("tokenizer.ggml.eot_token_id", 0, last);
    if (eos != null && turn != null && !eos.equals(turn)) {
      config.putArray("eos_token_id").add(eos).add(turn);
    } else {
      id("eos_token_id", eos == null ? turn : eos);
    }
  }

  private void id(String field, @Nullable Integer id) {
    if (id == null) config.putNull(field);
    else config.put(field, id);
  }

  private void family() {
    switch (type) {
      case MISTRAL -> size("sliding_window", "attention.sliding_window", 1 << 28);
      case GEMMA -> config.put("hidden_activation", "gelu_pytorch_tanh");
      case GEMMA2, GEMMA3 -> gemma();
      case GRANITE -> {
        factor("attention_multiplier", "attention.scale");
        factor("embedding_multiplier", "embedding_scale");
        factor("residual_multiplier", "residual_scale");
        factor("logits_scaling", "logit_scale");
      }
      default -> {}
    }
  }

  /**
   * llama.cpp recognises the largest Gemmas by their layers, and scales their scores differently.
   */
  private void gemma() {
    int layers = config.path("num_hidden_layers").intValue();
    int heads = config.path("num_attention_heads").intValue();
    boolean largest = layers == (type == ModelType.GEMMA2 ? 46 : 62);
    int width = config.path("head_dim").intValue();
    config.put(
        "query_pre_attn_scalar", largest ? config.path("hidden_size").intValue() / heads : width);
    config.put("hidden_activation", "gelu_pytorch_tanh");
    size("sliding_window", "attention.sliding_window", 1 << 28);
    cap("attn_logit_softcapping", "attn_logit_softcapping");
    cap("final_logit_softcapping", "final_logit_softcapping");
  }

  private void cap(String field, String key) {
    Double cap = keys.real(key(key), 0, 1e9);
    if (cap == null) config.putNull(field);
    else config.put(field, shortest(cap));
  }

  private void size(String field, String key, int max) {
    config.put(field, keys.requireInt(key(key), 1, max));
  }

  private void factor(String field, String key) {
    config.put(field, shortest(keys.requireReal(key(key), 0, 1e6)));
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  /** Returns the shortest decimal of an F32: 1e-05 for 9.999999747378752e-06. */
  static double shortest(double number) {
    return Double.parseDouble(Float.toString((float) number));
  }

  /** Converts the rotary positions of a file to fields of config.json. */
  static final class GgufRope {
    private static final String FACTORS = "rope_freqs.weight";
    private static final String ROPE_SCALING = "rope_scaling";

    // Llama 3's settings, of which convert_hf_to_gguf.py keeps only the resulting factors.
    private static final double LOW = 1;
    private static final double HIGH = 4;
    private static final int ORIGINAL = 8192;

    private final GgufFile gguf;
    private final GgufFile.GgufKeys keys;
    private final String prefix;
    private final ModelType type;
    private final ObjectNode config;

    GgufRope(GgufFile gguf, String architecture, ModelType type, ObjectNode config) {
      this.gguf = gguf;
      this.keys = gguf.keys();
      this.prefix = architecture + ".rope.";
      this.type = type;
      this.config = config;
    }

    void put() {
      int width = config.path("head_dim").intValue();
      String dimensions = prefix + "dimension_count";
      Integer turned = keys.integer(dimensions, 1, 1024);
      if (turned != null && turned != width) {
        throw keys.bad(
            dimensions,
            "is %d; rotating only a part of a head's %d values is not supported"
                .formatted(turned, width));
      }
      Double base = keys.real(prefix + "freq_base", 1, 1e12);
      double byDefault = type == ModelType.GEMMA3 ? 1_000_000 : 10_000;
      double theta = base == null ? byDefault : GgufConfig.shortest(base);
      config.put("rope_theta", theta);
      if (gguf.find(FACTORS) != null) llama3(gguf.find(FACTORS), theta, width);
      else scaling();
    }

    private void scaling() {
      String key = prefix + "scaling.type";
      String name = keys.text(key);
      if (name == null || name.equals("none")) {
        if (keys.has(prefix + "scale_linear")) {
          throw keys.bad(prefix + "scale_linear", "is an outdated key; convert the model again");
        }
        return;
      }
      if (keys.has(prefix + "scaling.attn_factor")) {
        throw keys.bad(prefix + "scaling.attn_factor", "is not supported");
      }
      ObjectNode scaling = config.putObject(ROPE_SCALING);
      double factor = GgufConfig.shortest(keys.requireReal(prefix + "scaling.factor", 0, 1e6));
      scaling.put("rope_type", name).put("factor", factor);
      switch (name) {
        case "linear" -> {}
        case "yarn" ->
            scaling.put(
                "original_max_position_embeddings",
                keys.requireInt(prefix + "scaling.original_context_length", 2, 1 << 28));
        default -> throw keys.bad(key, "is '%s'; supported: none, linear, yarn".formatted(name));
      }
    }

    /** Finds Llama 3's factor, the largest one, and checks that it results in all the others. */
    private void llama3(GgufFile.GgufTensor tensor, double theta, int width) {
      if (tensor.dtype() != Dtype.F32
          || tensor.shape().length != 1
          || tensor.shape()[0] != width / 2) {
        throw keys.bad("tensor " + FACTORS, "must be F32 with half the values of a head");
      }
      float[] factors =
          new NamedTensor(FACTORS, Dtype.F32, tensor.shape(), tensor.values()).toFloats();
      double factor = 1;
      for (float each : factors) factor = Math.max(factor, each);
      factor = GgufConfig.shortest(factor);
      float[] plain = new Rope.Default(theta, width).inverseFrequencies(1);
      float[] slowed =
          new Rope.Llama3(theta, width, factor, LOW, HIGH, ORIGINAL).inverseFrequencies(1);
      for (int i = 0; i < factors.length; i++) {
        if (!(Math.abs(plain[i] / slowed[i] / factors[i] - 1) < 1e-3)) {
          throw keys.bad("tensor " + FACTORS, "does not have the factors of Llama 3");
        }
      }
      if (factor == 1) return;
      config
          .putObject(ROPE_SCALING)
          .put("rope_type", "llama3")
          .put("factor", factor)
          .put("low_freq_factor", LOW)
          .put("high_freq_factor", HIGH)
          .put("original_max_position_embeddings", ORIGINAL);
    }
  }
}
