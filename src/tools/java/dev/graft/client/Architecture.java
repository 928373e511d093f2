package dev.graft.client;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The shape of the demo model: a small Llama.
 *
 * @param hidden width, a multiple of {@link #HEAD}
 */
record Architecture(int hidden, int layers) {
  static final int CONTEXT = 512;
  private static final int HEAD = 32;

  int heads() {
    return hidden / HEAD;
  }

  int keyValueWidth() {
    return keyValueHeads() * HEAD;
  }

  private int keyValueHeads() {
    return heads() % 2 == 0 ? heads() / 2 : heads();
  }

  /** About 8/3 of the width, as Llama's gated MLP has it, in whole vector registers. */
  int intermediate() {
    return hidden * 8 / 3 / 32 * 32;
  }

  /** Contents of {@code config.json}. */
  Map<String, Object> configuration() {
    var configuration = new LinkedHashMap<String, Object>();
    configuration.put("architectures", List.of("LlamaForCausalLM"));
    configuration.put("model_type", "llama");
    configuration.put("vocab_size", BpeTokenizer.VOCABULARY);
    configuration.put("hidden_size", hidden);
    configuration.put("intermediate_size", intermediate());
    configuration.put("num_hidden_layers", layers);
    configuration.put("num_attention_heads", heads());
    configuration.put("num_key_value_heads", keyValueHeads());
    configuration.put("head_dim", HEAD);
    configuration.put("hidden_act", "silu");
    configuration.put("max_position_embeddings", CONTEXT);
    configuration.put("rms_norm_eps", 1e-6);
    configuration.put("rope_theta", 10000.0);
    configuration.put("attention_bias", false);
    configuration.put("mlp_bias", false);
    configuration.put("tie_word_embeddings", true);
    configuration.put("bos_token_id", null);
    configuration.put("eos_token_id", BpeTokenizer.END);
    configuration.put("pad_token_id", BpeTokenizer.PAD);
    configuration.put("torch_dtype", "bfloat16");
    return configuration;
  }
}
