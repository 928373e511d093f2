package dev.graft.training;

import dev.graft.spec.Prompted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Prompted.PromptTuning.Init;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelConfig;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The fields of PEFT's configurations of methods with virtual tokens. */
final class PromptConfig {
  private PromptConfig() {}

  static void put(
      Map<String, @Nullable Object> fields,
      Prompted method,
      ModelConfig base,
      String baseModelName) {
    AttentionShape attention = AttentionShape.of(base);
    fields.put("modules_to_save", null);
    fields.put("num_attention_heads", attention.heads());
    fields.put("num_layers", base.numHiddenLayers());
    fields.put("num_transformer_submodules", 1);
    fields.put("num_virtual_tokens", method.numVirtualTokens());
    fields.put("token_dim", base.hiddenSize());
    switch (method) {
      case PromptTuning prompt -> prompt(fields, prompt.promptTuningInit(), baseModelName);
      case PTuning encoder -> {
        fields.put("peft_type", "P_TUNING");
        fields.put("encoder_dropout", 0.0);
        fields.put("encoder_hidden_size", or(encoder.encoderHiddenSize(), base.hiddenSize()));
        fields.put("encoder_num_layers", encoder.encoderNumLayers());
        fields.put(
            "encoder_reparameterization_type", encoder.encoderReparameterizationType().name());
      }
      case PrefixTuning prefix -> {
        fields.put("peft_type", "PREFIX_TUNING");
        fields.put("num_attention_heads", attention.keyValueHeads());
        fields.put("token_dim", attention.keyFeatures());
        fields.put("encoder_hidden_size", or(prefix.encoderHiddenSize(), attention.keyFeatures()));
        fields.put("init_weights", prefix.initZero() ? "zero" : null);
        fields.put("prefix_projection", prefix.prefixProjection());
      }
    }
  }

  /** PEFT asks for a tokenizer where there was a text, and never reads it again. */
  private static void prompt(
      Map<String, @Nullable Object> fields, Init init, String baseModelName) {
    fields.put("peft_type", "PROMPT_TUNING");
    fields.put("prompt_tuning_init_text", null);
    fields.put("tokenizer_kwargs", null);
    fields.put("tokenizer_name_or_path", null);
    switch (init) {
      case Init.Random() -> fields.put("prompt_tuning_init", "RANDOM");
      case Init.SampleVocab() -> fields.put("prompt_tuning_init", "SAMPLE_VOCAB");
      case Init.Text(String text) -> {
        fields.put("prompt_tuning_init", "TEXT");
        fields.put("prompt_tuning_init_text", text);
        fields.put("tokenizer_name_or_path", baseModelName);
      }
    }
  }

  private static int or(@Nullable Integer wanted, int byDefault) {
    return wanted == null ? byDefault : wanted;
  }
}
