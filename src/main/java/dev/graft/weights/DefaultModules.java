package dev.graft.weights;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import java.util.List;

/** The modules that PEFT adapts where {@code target_modules} is null. */
public final class DefaultModules {
  private DefaultModules() {}

  /**
   * What a method targets in this model, its default resolved.
   *
   * @throws IllegalArgumentException if PEFT has no default for the family
   */
  public static Targets targets(Targeted method, ModelConfig config) {
    Targets targets = method.targets();
    if (!(targets.targetModules() instanceof TargetModules.FamilyDefault)) return targets;
    return targets.of(
        new TargetModules.Names(
            switch (method) {
              case AdaLora adaLora -> adaLora(config);
              case Ia3 ia3 -> ia3(config);
              case LnTuning norms -> norms(config);
              case Vera vera -> lora(config);
            }));
  }

  /** Of (IA)^3. */
  private static List<String> ia3(ModelConfig config) {
    return switch (config.modelType()) {
      case "llama", "mistral" -> List.of("k_proj", "v_proj", "down_proj");
      case "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3" ->
          List.of("q_proj", "v_proj", "down_proj");
      case "gpt2" -> List.of("c_attn", "mlp.c_proj");
      case "gpt_neox" -> List.of("query_key_value", "dense_4h_to_h");
      case "bert", "roberta" -> List.of("key", "value", "output.dense");
      default -> throw none("target_modules", config);
    };
  }

  /** LoRA's, but for fewer families. */
  private static List<String> adaLora(ModelConfig config) {
    return switch (config.modelType()) {
      case "roberta" -> List.of("query", "key", "value", "dense");
      case "mistral", "xlm-roberta" -> throw none("target_modules", config);
      default -> lora(config);
    };
  }

  /** Of LayerNorm tuning. */
  private static List<String> norms(ModelConfig config) {
    return switch (config.modelType()) {
      case "llama", "mistral", "gemma" ->
          List.of("input_layernorm", "post_attention_layernorm", "norm");
      case "gemma2", "gemma3_text" ->
          List.of(
              "input_layernorm",
              "post_attention_layernorm",
              "pre_feedforward_layernorm",
              "post_feedforward_layernorm",
              "norm");
      case "qwen2", "qwen3" -> List.of("post_attention_layernorm");
      case "gpt2" -> List.of("ln_1", "ln_2", "ln_f");
      default -> throw none("target_modules", config);
    };
  }

  /**
   * Those whose input (IA)^3 multiplies, ends of paths.
   *
   * @throws IllegalArgumentException if PEFT has no default for the family
   */
  public static TargetModules feedforward(Ia3 method, ModelConfig config) {
    if (!(method.feedforwardModules() instanceof TargetModules.FamilyDefault)) {
      return method.feedforwardModules();
    }
    return new TargetModules.Names(
        List.of(
            switch (config.modelType()) {
              case "llama", "mistral", "gemma", "gemma2", "gemma3_text", "qwen2", "qwen3" ->
                  "down_proj";
              case "gpt2" -> "mlp.c_proj";
              case "gpt_neox" -> "dense_4h_to_h";
              case "bert", "roberta" -> "output.dense";
              default -> throw none("feedforward_modules", config);
            }));
  }

  private static IllegalArgumentException none(String field, ModelConfig config) {
    return new IllegalArgumentException(
        "%s: PEFT has no default for a model of type %s; name the modules"
            .formatted(field, config.modelType()));
  }

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
      default -> throw none("target_modules", config);
    };
  }
}
