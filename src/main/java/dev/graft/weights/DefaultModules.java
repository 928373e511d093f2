package dev.graft.weights;

import java.util.List;

/** The modules that PEFT adapts where {@code target_modules} is null. */
public final class DefaultModules {
  private DefaultModules() {}

  /**
   * Of LoRA and its relatives.
   *
   * @throws IllegalArgumentException if PEFT has no default for the family
   */
  public static List<String> lora(ModelConfig config) {
    return switch (config.modelType()) {
      case "llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3" ->
          List.of("q_proj", "v_proj");
      case "gpt2" -> List.of("c_attn");
      case "gpt_neox" -> List.of("query_key_value");
      case "bert", "roberta", "xlm-roberta" -> List.of("query", "value");
      default ->
          throw new IllegalArgumentException(
              "target_modules: PEFT has no default for a model of type %s; name the modules"
                  .formatted(config.modelType()));
    };
  }
}
