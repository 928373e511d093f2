package dev.graft.training;

import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.weights.LinearTargets.AdaptedModules;
import dev.graft.weights.ModelConfig;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The fields of PEFT's {@code LoraConfig}. */
final class LoraConfigFile {
  private static final List<String> NOT_USED =
      List.of(
          "alora_invocation_tokens",
          "arrow_config",
          "corda_config",
          "kasa_config",
          "layer_replication",
          "lora_ga_config",
          "megatron_config",
          "monteclora_config",
          "target_parameters",
          "use_bdlora",
          "velora_config");

  private LoraConfigFile() {}

  static void put(Map<String, @Nullable Object> fields, Lora lora, ModelConfig base) {
    for (String name : NOT_USED) fields.put(name, null);
    fields.put("ensure_weight_tying", false);
    fields.put("use_qalora", false);
    fields.put("loftq_config", loftq(lora.initLoraWeights()));
    fields.put("eva_config", eva(lora.initLoraWeights()));
    fields.put("megatron_core", "megatron.core");
    fields.put("qalora_group_size", 16);
    fields.put("peft_type", "LORA");
    fields.put("r", lora.r());
    fields.put("lora_alpha", AdapterConfigFile.number(lora.loraAlpha()));
    fields.put("lora_dropout", lora.loraDropout());
    fields.put("init_lora_weights", init(lora.initLoraWeights()));
    fields.put("fan_in_fan_out", isConv1d(lora, base));
    fields.put("use_rslora", lora.variant().useRslora());
    fields.put("use_dora", lora.variant().useDora());
    fields.put("lora_bias", lora.variant().loraBias());
    fields.put("bias", lora.variant().bias().name().toLowerCase(Locale.ROOT));
    fields.put("rank_pattern", lora.patterns().rankPattern());
    Map<String, Object> alphas = new TreeMap<>();
    lora.patterns().alphaPattern().forEach((k, v) -> alphas.put(k, AdapterConfigFile.number(v)));
    fields.put("alpha_pattern", alphas);
    fields.put("modules_to_save", TargetsConfig.orNull(lora.extras().modulesToSave()));
    fields.put("trainable_token_indices", lora.extras().trainableTokenIndices().saved());
    TargetsConfig.put(fields, lora.targets(), base);
    TargetsConfig.putLayers(fields, lora.targets());
  }

  private static Object init(LoraInit init) {
    return switch (init) {
      case LoraInit.Standard() -> true;
      case LoraInit.Random() -> false;
      case LoraInit named -> named.wireName();
    };
  }

  private static Map<String, Integer> loftq(LoraInit init) {
    return init instanceof LoraInit.Loftq(int bits, int iterations)
        ? new TreeMap<>(Map.of("loftq_bits", bits, "loftq_iter", iterations))
        : Map.of();
  }

  private static @Nullable Map<String, Object> eva(LoraInit init) {
    if (!(init instanceof LoraInit.Eva eva)) return null;
    Map<String, Object> fields = new TreeMap<>();
    fields.put("rho", eva.rho());
    fields.put("tau", eva.tau());
    fields.put("use_label_mask", eva.useLabelMask());
    fields.put("label_mask_value", eva.labelMaskValue());
    fields.put("whiten", eva.whiten());
    fields.put("adjust_scaling_factors", eva.adjustScalingFactors());
    return fields;
  }

  private static boolean isConv1d(Lora lora, ModelConfig base) {
    return AdaptedModules.of(lora.targets(), lora.extras().modulesToSave(), base).linears().stream()
        .anyMatch(ModelConfig.Linear::conv1d);
  }
}
