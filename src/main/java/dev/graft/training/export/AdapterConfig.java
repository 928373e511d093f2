package dev.graft.training.export;

import dev.graft.spec.AdapterMethod;
import dev.graft.text.PythonJson;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code adapter_config.json} as PEFT's {@code save_pretrained} writes it: every field of {@code
 * LoraConfig}, sorted, indented by two.
 */
final class AdapterConfig {
  /** The release whose fields and defaults these are. */
  static final String PEFT_VERSION = "0.21.2";

  private static final List<String> NOT_USED =
      List.of(
          "alora_invocation_tokens",
          "arrow_config",
          "auto_mapping",
          "corda_config",
          "eva_config",
          "exclude_modules",
          "kasa_config",
          "layer_replication",
          "layers_pattern",
          "layers_to_transform",
          "lora_ga_config",
          "megatron_config",
          "modules_to_save",
          "monteclora_config",
          "revision",
          "target_parameters",
          "trainable_token_indices",
          "use_bdlora",
          "velora_config");

  private AdapterConfig() {}

  static String json(AdapterMethod.Lora lora, ModelConfig base, String baseModelName) {
    Map<String, @Nullable Object> fields = new TreeMap<>();
    for (String name : NOT_USED) fields.put(name, null);
    for (String name :
        List.of(
            "ensure_weight_tying",
            "fan_in_fan_out",
            "lora_bias",
            "use_dora",
            "use_qalora",
            "use_rslora")) {
      fields.put(name, false);
    }
    fields.put("alpha_pattern", Map.of());
    fields.put("loftq_config", Map.of());
    fields.put("rank_pattern", Map.of());
    fields.put("base_model_name_or_path", baseModelName);
    fields.put("bias", "none");
    fields.put("inference_mode", true);
    fields.put("init_lora_weights", lora.initLoraWeights());
    fields.put("lora_alpha", number(lora.loraAlpha()));
    fields.put("lora_dropout", lora.loraDropout());
    fields.put("megatron_core", "megatron.core");
    fields.put("peft_type", "LORA");
    fields.put("peft_version", PEFT_VERSION);
    fields.put("qalora_group_size", 16);
    fields.put("r", lora.r());
    fields.put("target_modules", LinearTargets.saved(lora.targetModules(), base));
    fields.put("task_type", "CAUSAL_LM");
    return PythonJson.dumps(fields, 2, true);
  }

  /** PEFT declares {@code lora_alpha} an integer; some loaders insist. */
  private static Object number(double value) {
    if (value == Math.rint(value)) return (long) value;
    return value;
  }
}
