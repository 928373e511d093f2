package dev.graft.weights;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code config.json} (and {@code generation_config.json}) in the spellings of transformers 4 and
 * 5. What would change the arithmetic and is not built is refused, never ignored.
 */
final class ConfigReader {
  private static final String SUPPORTED =
      "; supported: model_type llama (LlamaForCausalLM) with hidden_act silu and rope_type default"
          + " or llama3";
  private static final List<String> FOREIGN =
      List.of(
          "vision_config",
          "audio_config",
          "text_config",
          "num_local_experts",
          "num_experts",
          "n_routed_experts",
          "quantization_config");

  private ConfigReader() {}

  static ModelConfig read(JsonFields config, @Nullable JsonFields generation) {
    for (String field : FOREIGN) {
      if (config.has(field)) throw config.bad(field, "is not supported" + SUPPORTED);
    }
    String type = config.text("model_type");
    List<String> architectures = config.texts("architectures");
    if (!"llama".equals(type)) {
      throw config.bad("model_type", "is " + config.shown("model_type") + SUPPORTED);
    }
    if (architectures != null && !architectures.equals(List.of("LlamaForCausalLM"))) {
      throw config.bad("architectures", "is " + config.shown("architectures") + SUPPORTED);
    }
    return llama(config, generation);
  }

  private static LlamaConfig llama(JsonFields c, @Nullable JsonFields generation) {
    String act = c.textOr("hidden_act", "silu");
    if (!act.equals("silu")) throw c.bad("hidden_act", "is '" + act + "'" + SUPPORTED);
    if (c.intOr("pretraining_tp", 1, 0, Integer.MAX_VALUE) > 1) {
      throw c.bad("pretraining_tp", "above 1 is not supported (it only slows the same result)");
    }
    int hidden = c.requireInt("hidden_size", 1, 1 << 16);
    int heads = c.requireInt("num_attention_heads", 1, 1024);
    int keyValueHeads = c.intOr("num_key_value_heads", heads, 1, 1024);
    if (heads % keyValueHeads != 0) {
      throw c.bad("num_key_value_heads", keyValueHeads + " does not divide " + heads + " heads");
    }
    if (!c.has("head_dim") && hidden % heads != 0) {
      throw c.bad("hidden_size", hidden + " is not a multiple of " + heads + " heads");
    }
    int headDim = c.intOr("head_dim", Math.max(1, hidden / heads), 1, 1024);
    if (headDim % 2 != 0) throw c.bad("head_dim", headDim + " is odd; rotary positions need pairs");
    int vocab = c.requireInt("vocab_size", 1, 1 << 24);
    int context = c.intOr("max_position_embeddings", 2048, 1, 1 << 28);
    return new LlamaConfig(
        hidden,
        c.requireInt("intermediate_size", 1, 1 << 20),
        c.requireInt("num_hidden_layers", 1, 1024),
        heads,
        keyValueHeads,
        headDim,
        vocab,
        c.doubleOr("rms_norm_eps", 1e-6, 0, 1),
        context,
        c.booleanOr("tie_word_embeddings", false),
        c.booleanOr("attention_bias", false),
        c.booleanOr("mlp_bias", false),
        rope(c),
        eos(c, generation, vocab),
        id(c, "bos_token_id", vocab),
        id(c, "pad_token_id", vocab));
  }

  private static Rope rope(JsonFields c) {
    JsonFields parameters = c.object("rope_parameters");
    JsonFields scaling = parameters != null ? parameters : c.object("rope_scaling");
    JsonFields theta = parameters != null && parameters.has("rope_theta") ? parameters : c;
    double base = theta.doubleOr("rope_theta", 10_000, 1, 1e12);
    if (c.doubleOr("partial_rotary_factor", 1, 0, 1) != 1) {
      throw c.bad("partial_rotary_factor", "below 1 is not supported" + SUPPORTED);
    }
    if (scaling == null) return new Rope.Default(base);
    if (scaling.doubleOr("partial_rotary_factor", 1, 0, 1) != 1) {
      throw scaling.bad("partial_rotary_factor", "below 1 is not supported" + SUPPORTED);
    }
    String field = scaling.has("rope_type") || !scaling.has("type") ? "rope_type" : "type";
    String type = scaling.textOr(field, "default");
    return switch (type) {
      case "default" -> new Rope.Default(base);
      case "llama3" -> {
        double low = scaling.requireDouble("low_freq_factor", 0, 1e6);
        yield new Rope.Llama3(
            base,
            scaling.requireDouble("factor", 0, 1e6),
            low,
            scaling.requireDouble("high_freq_factor", low, 1e6),
            scaling.requireInt("original_max_position_embeddings", 1, 1 << 28));
      }
      default -> throw scaling.bad(field, "is " + scaling.shown(field) + SUPPORTED);
    };
  }

  private static List<Integer> eos(JsonFields c, @Nullable JsonFields generation, int vocab) {
    Set<Integer> ids = new LinkedHashSet<>();
    if (generation != null) ids.addAll(generation.ints("eos_token_id", 0, vocab - 1));
    ids.addAll(c.ints("eos_token_id", 0, vocab - 1));
    return List.copyOf(ids);
  }

  /** -1 stands for none in older files. */
  private static @Nullable Integer id(JsonFields c, String field, int vocab) {
    List<Integer> ids = c.ints(field, -1, vocab - 1);
    return ids.isEmpty() || ids.get(0) < 0 ? null : ids.get(0);
  }
}
