package dev.graft.training;

import dev.graft.model.SavedModules;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraExtras;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.Lora.TokenIndices;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Prompted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Prompted.PromptTuning.Init;
import dev.graft.spec.Targets;
import dev.graft.spec.Vera;
import dev.graft.text.PythonJson;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.LinearTargets.AdaptedModules;
import dev.graft.weights.LinearTargets.DefaultModules;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.AttentionShape;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@code adapter_config.json} as PEFT's {@code save_pretrained} writes it: every field of the
 * method's class, sorted, indented by two. Bottleneck adapters, which PEFT lacks, share only the
 * name of the file: their fields have the names of adapter-hub.
 */
final class AdapterConfigFile {
  /** The release of PEFT with these fields and defaults. */
  static final String PEFT_VERSION = "0.21.2";

  private AdapterConfigFile() {}

  /**
   * @param learned settings that training determined
   * @throws IllegalArgumentException if the result of the method is a whole model
   */
  public static String json(
      AdapterMethod method,
      ModelDirectory base,
      String baseModelName,
      Map<String, Object> learned) {
    Map<String, @Nullable Object> fields = new TreeMap<>();
    fields.put("base_model_name_or_path", baseModelName);
    fields.put(
        "task_type",
        switch (base.config().task()) {
          case Task.CausalLm() -> "CAUSAL_LM";
          case Task.SequenceClassification head -> "SEQ_CLS";
        });
    switch (method) {
      case Bottleneck bottleneck -> put(fields, bottleneck, base);
      case Lora lora -> put(fields, lora, base.config());
      case Prompted prompted -> put(fields, prompted, base.config(), baseModelName);
      case AdapterMethod.Targeted targeted -> put(fields, targeted, base);
      case AdapterMethod.Full _, Freeze _ ->
          throw new IllegalArgumentException("a whole model has no adapter_config.json");
    }
    if (!(method instanceof Bottleneck)) putOfPeft(fields);
    fields.putAll(learned);
    return PythonJson.dumps(fields, 2, true);
  }

  /** Adds the fields of all configurations of PEFT. */
  private static void putOfPeft(Map<String, @Nullable Object> fields) {
    fields.put("auto_mapping", null);
    fields.put("inference_mode", true);
    fields.put("peft_version", PEFT_VERSION);
    fields.put("revision", null);
  }

  /** PEFT declares numbers such as {@code lora_alpha} integers; some loaders insist. */
  static Object number(double value) {
    if (value == Math.rint(value)) return (long) value;
    return value;
  }

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
    fields.put("modules_to_save", orNull(lora.extras().modulesToSave()));
    fields.put("trainable_token_indices", lora.extras().trainableTokenIndices().saved());
    put(fields, lora.targets(), base);
    putLayers(fields, lora.targets());
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

  static void put(Map<String, @Nullable Object> fields, Targeted method, ModelDirectory base) {
    ModelConfig config = base.config();
    Targets targets = DefaultModules.targets(method, config);
    fields.put("target_modules", targeted(targets.targetModules(), config));
    List<String> whole = SavedModules.of(method.modulesToSave(), base).names();
    fields.put("modules_to_save", orNull(whole));
    switch (method) {
      case AdaLora adaLora -> {
        put(fields, adaLora, targets, config);
        fields.put("modules_to_save", orNull(whole));
      }
      case Ia3 ia3 -> {
        fields.put("peft_type", "IA3");
        fields.put("exclude_modules", excluded(targets.excludeModules()));
        fields.put("fan_in_fan_out", isConv1d(targets, ia3, config));
        fields.put("feedforward_modules", feedforward(targets, ia3, config));
        fields.put("init_ia3_weights", ia3.initIa3Weights());
      }
      case LnTuning norms -> {
        fields.put("peft_type", "LN_TUNING");
        fields.put("exclude_modules", excluded(targets.excludeModules()));
      }
      case Vera vera -> {
        fields.put("fan_in_fan_out", isConv1d(targets, vera, config));
        putLayers(fields, targets);
        put(fields, vera);
      }
    }
  }

  /** Adds the fields of a LoRA and those of AdaLoRA. */
  private static void put(
      Map<String, @Nullable Object> fields, AdaLora method, Targets targets, ModelConfig base) {
    put(
        fields,
        new Lora(
            method.r(),
            method.loraAlpha(),
            method.loraDropout(),
            targets,
            method.initLoraWeights() ? new LoraInit.Standard() : new LoraInit.Random(),
            new LoraVariant(false, false, false, method.bias()),
            LoraPatterns.NONE,
            new LoraExtras(method.modulesToSave(), TokenIndices.NONE)),
        base);
    RankAllocation allocation = method.allocation();
    fields.put("peft_type", "ADALORA");
    fields.put("init_r", allocation.initR());
    fields.put("target_r", allocation.targetR());
    fields.put("tinit", allocation.tinit());
    fields.put("tfinal", allocation.tfinal());
    fields.put("deltaT", allocation.deltaT());
    fields.put("total_step", allocation.totalStep());
    fields.put("beta1", allocation.beta1());
    fields.put("beta2", allocation.beta2());
    fields.put("orth_reg_weight", allocation.orthRegWeight());
    fields.put("rank_pattern", method.rankPattern().isEmpty() ? null : method.rankPattern());
  }

  private static void put(Map<String, @Nullable Object> fields, Vera vera) {
    fields.put("peft_type", "VERA");
    fields.put("r", vera.r());
    fields.put("vera_dropout", vera.veraDropout());
    fields.put("d_initial", vera.dInitial());
    fields.put("init_weights", vera.initWeights());
    fields.put("bias", vera.biasName());
    fields.put("projection_prng_key", vera.projectionPrngKey());
    fields.put("save_projection", vera.saveProjection());
  }

  private static boolean isConv1d(Targets targets, Targeted method, ModelConfig base) {
    return LinearTargets.select(targets, method.modulesToSave(), base).stream()
        .anyMatch(ModelConfig.Linear::conv1d);
  }

  /**
   * Returns the feed-forward modules as a list, which PEFT loads only if the list of target modules
   * contains all of it as text, else as an expression of the same meaning.
   */
  private static Object feedforward(Targets targets, Ia3 method, ModelConfig base) {
    return switch (DefaultModules.feedforward(method, base)) {
      case TargetModules.Pattern(var expression) -> expression.text();
      case TargetModules.Names(List<String> names) ->
          targets.targetModules() instanceof TargetModules.Pattern
                  || LinearTargets.saved(targets.targetModules(), base).containsAll(names)
              ? names.stream().sorted().toList()
              : names.stream()
                  .map(name -> name.replace(".", "\\."))
                  .collect(Collectors.joining("|", ".*(?:", ")"));
      case TargetModules.AllLinear _, TargetModules.FamilyDefault _ ->
          throw new IllegalArgumentException("feedforward_modules has not been resolved");
    };
  }

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

  /**
   * Adds the fields of prompt tuning. PEFT requires a tokenizer for a text but never reads it
   * again.
   */
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

  static void put(Map<String, @Nullable Object> fields, Bottleneck method, ModelDirectory base) {
    fields.put("peft_type", "BOTTLENECK");
    fields.put("variant", method.variant().wireName());
    fields.put("reduction_factor", method.reductionFactor());
    fields.put("non_linearity", method.nonLinearity().wireName());
    fields.put("scaling", method.scaling());
    fields.put("init_weights", method.initWeights().wireName());
    fields.put("init_std", method.initStd() > 0 ? method.initStd() : null);
    fields.put(
        "modules_to_save",
        SavedModules.of(method.modulesToSave(), base).slots().stream()
            .map(each -> each.name().substring(0, each.name().lastIndexOf('.')))
            .distinct()
            .toList());
  }

  static void put(Map<String, @Nullable Object> fields, Targets targets, ModelConfig base) {
    fields.put("target_modules", targeted(targets.targetModules(), base));
    fields.put("exclude_modules", excluded(targets.excludeModules()));
  }

  static void putLayers(Map<String, @Nullable Object> fields, Targets targets) {
    fields.put("layers_to_transform", orNull(targets.layersToTransform()));
    fields.put("layers_pattern", orNull(targets.layersPattern()));
  }

  static Object targeted(TargetModules targets, ModelConfig base) {
    return switch (targets) {
      case TargetModules.Pattern(var expression) -> expression.text();
      case TargetModules.AllLinear _, TargetModules.FamilyDefault _, TargetModules.Names _ ->
          LinearTargets.saved(targets, base);
    };
  }

  static @Nullable Object excluded(TargetModules targets) {
    return switch (targets) {
      case TargetModules.Pattern(var expression) -> expression.text();
      case TargetModules.Names(List<String> names) -> orNull(names.stream().sorted().toList());
      case TargetModules.AllLinear _, TargetModules.FamilyDefault _ -> null;
    };
  }

  static @Nullable Object orNull(List<?> list) {
    return list.isEmpty() ? null : list;
  }
}
