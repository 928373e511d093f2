package dev.graft.weights.gguf;

import dev.graft.weights.LlamaCppModel;
import dev.graft.weights.ModelType;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** {@code config.json} of a file, from its keys and what tensors it has. */
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
  private final GgufKeys keys;
  private final String architecture;
  private final ModelType type;
  private final ObjectNode config = Json.object();

  GgufConfig(GgufFile gguf) {
    this.gguf = gguf;
    this.keys = gguf.keys();
    this.architecture = keys.requireText("general.architecture");
    this.type = type();
  }

  /** Of files of Llama's architecture, those with a window are Mistral's. */
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
      throw keys.bad(key("expert_count"), "says that this is a mixture of experts");
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
      throw keys.bad(key("attention.value_length"), values + " is not the width of keys, " + width);
    }
    config.put("num_attention_heads", heads);
    config.put("num_key_value_heads", keyValueHeads == null ? heads : keyValueHeads);
    config.put("head_dim", width);
    if (type != ModelType.QWEN2 && type != ModelType.MISTRAL) {
      config.put("attention_bias", gguf.find("blk.0.attn_q.bias") != null);
    }
  }

  private void vocabulary() {
    GgufTensor table = gguf.find("token_embd.weight");
    if (table == null) throw keys.bad("tensor token_embd.weight", "is missing");
    if (table.shape()[0] > 1 << 24) throw keys.bad("tensor token_embd.weight", "has too many rows");
    config.put("vocab_size", (int) table.shape()[0]);
    config.put("tie_word_embeddings", gguf.find("output.weight") == null);
    config.put(
        "dtype",
        switch (table.dtype()) {
          case F16 -> "float16";
          case BF16 -> "bfloat16";
          default -> "float32";
        });
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

  /** llama.cpp tells the largest Gemmas by their layers, and scales their scores otherwise. */
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

  /** 1e-05 was meant where F32 says 9.999999747378752e-06. */
  static double shortest(double number) {
    return Double.parseDouble(Float.toString((float) number));
  }
}
