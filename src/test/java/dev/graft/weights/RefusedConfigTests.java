package dev.graft.weights;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is not built, or makes no sense, is refused by the name of its field. */
class RefusedConfigTests {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "llama|model_type|\"qwen2_moe\"|model_type is \"qwen2_moe\", a mixture of experts;"
            + " supported",
        "llama|model_type|\"mixtral\"|, a mixture of experts; supported: model_type llama, mistral",
        "llama|model_type|\"qwen2_5_vl\"|, a vision model; supported",
        "llama|model_type|\"whisper\"|, an audio model; supported",
        "llama|model_type|\"t5\"|model_type is \"t5\"; supported: model_type llama, mistral, qwen2",
        "llama|model_type|null|model_type is null; supported",
        "llama|num_experts|8|num_experts indicates a mixture of experts",
        "llama|audio_config|{}|audio_config indicates an audio model",
        "llama|text_config|{}|text_config indicates a model with several parts",
        "gemma3|vision_config|{}|vision_config indicates a vision model",
        "bert|is_decoder|true|is_decoder true is not supported",
        "gpt2|add_cross_attention|true|add_cross_attention true is not supported",
        "bert|pruned_heads|{\"0\":[1]}|pruned_heads is not supported",
        "bert|position_embedding_type|\"relative_key\"|position_embedding_type is \"relative_key\"",
        "bert|hidden_act|\"gelu_10\"|hidden_act is \"gelu_10\"; supported: silu, gelu",
        "bert|architectures|[\"BertForTokenClassification\"]|supported: [BertModel,"
            + " BertForMaskedLM",
        "bert|architectures|[\"BertModel\",\"BertForMaskedLM\"]|architectures is",
        "bert|problem_type|\"ranking\"|problem_type is \"ranking\"; supported: regression",
        "bert-regression|problem_type|\"single_label_classification\"|needs more than one label",
        "bert|id2label|{}|id2label is empty",
        "bert|id2label|{\"0\":\"a\",\"2\":\"b\"}|id2label.1 is missing",
        "bert|id2label|{\"0\":1}|id2label.0 is 1, not a string",
        "bert|num_labels|7|num_labels must be the size of id2label, 3",
        "bert|num_attention_heads|5|hidden_size 32 is not a multiple of 5 heads",
        "roberta|pad_token_id|null|pad_token_id is missing",
        "roberta|pad_token_id|63|leaves no position after pad_token_id 63",
        "distilbert|sinusoidal_pos_embds|true|sinusoidal_pos_embds true is not supported",
        "distilbert|dim|null|dim is missing",
        "gpt2|reorder_and_upcast_attn|true|reorder_and_upcast_attn true is not supported",
        "gpt2|scale_attn_by_inverse_layer_idx|true|scale_attn_by_inverse_layer_idx true",
        "gpt2|scale_attn_weights|false|scale_attn_weights false is not supported",
        "gpt2|n_head|3|n_embd 32 is not a multiple of 3 heads",
        "gemma|use_bidirectional_attention|true|use_bidirectional_attention true",
        "gemma|hidden_activation|\"relu\"|hidden_activation differs from hidden_act",
        "gemma2|query_pre_attn_scalar|0|query_pre_attn_scalar is 0, must be above",
        "gemma2|query_pre_attn_scalar|null|query_pre_attn_scalar is missing",
        "gemma2|attn_logit_softcapping|-3|attn_logit_softcapping is -3",
        "gemma2|layer_types|[\"full_attention\"]|layer_types has 1 entries for 2 layers",
        "gemma2|layer_types|[\"chunked_attention\",\"full_attention\"]|contains 'chunked_attention'",
        "gemma2|sliding_window|null|layer_types has sliding_attention, but there is no",
        "gemma3|head_dim|null|head_dim is missing",
        "gemma3|sliding_window_pattern|0|sliding_window_pattern is 0, must be 1",
        "gemma3|rope_parameters|{\"rope_type\":\"linear\"}|rope_parameters.rope_type must be inside",
        "mistral|layer_types|[\"full_attention\",\"full_attention\"]|layer_types is not supported",
        "mistral|sliding_window|0|sliding_window is 0, must be 1",
        "qwen2|layer_types|[\"full_attention\",\"sliding_attention\"]|there is no sliding_window",
        "qwen2|rope_parameters|{\"full_attention\":{}}|rope_parameters.full_attention is not",
        "smollm3|no_rope_layers|[1]|no_rope_layers has 1 entries for 2 layers",
        "smollm3|no_rope_layers|[1,2]|no_rope_layers is 2, must be 0 to 1",
        "smollm3|no_rope_layer_interval|0|no_rope_layer_interval is 0",
        "granite|logits_scaling|0|logits_scaling is 0, must be above 0",
        "phi3|rope_parameters|{\"rope_type\":\"linear\",\"factor\":2}|supported for phi3: default",
        "phi3-longrope|head_dim|16|short_factor has 3 entries for 6 pairs",
        "phi3-longrope|original_max_position_embeddings|1|original_max_position_embeddings is 1",
        "llama|rope_scaling|{\"type\":\"linear\"}|rope_parameters and rope_scaling are both present",
        "llama|rope_parameters|{\"rope_type\":\"linear\"}|rope_parameters.factor is missing",
        "llama|rope_parameters|{\"rope_type\":\"linear\",\"factor\":0}|rope_parameters.factor is 0",
        "llama|rope_parameters|{\"rope_theta\":1}|rope_parameters.rope_theta is 1, must be above 1",
        "llama|rope_parameters|{\"rope_type\":\"proportional\"}|is \"proportional\"; supported",
        "llama|rope_parameters|{\"rope_type\":\"longrope\",\"long_mscale\":1}|long_mscale is not",
        "llama|rope_parameters|{\"rope_type\":\"longrope\"}|short_factor has 0 entries for 4 pairs",
        "llama-dynamic|head_dim|2|dynamic needs more than one pair",
        "gpt-neox|rope_parameters|{\"partial_rotary_factor\":0.2}|results in 3 of 16 rotated values",
      })
  void isRefused(String family, String field, String json, String message) {
    assertThatThrownBy(
            () -> Families.read(family, c -> c.set(field, TinyModels.JSON.readTree(json))))
        .isInstanceOf(BadModel.class)
        .hasMessageStartingWith("config.json: ")
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({"mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "smollm3"})
  void theNumberOfKeyValueHeadsIsNotGuessed(String family) {
    assertThatThrownBy(() -> Families.read(family, c -> c.remove("num_key_value_heads")))
        .isInstanceOf(BadModel.class)
        .hasMessage("config.json: num_key_value_heads is missing");
  }
}
