package dev.graft.training;

import dev.graft.model.SavedModules;
import dev.graft.spec.AdaLora;
import dev.graft.spec.Lora;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora.LoraExtras;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.spec.Lora.LoraVariant;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.Targets;
import dev.graft.spec.Lora.TokenIndices;
import dev.graft.spec.Vera;
import dev.graft.weights.LinearTargets.DefaultModules;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The fields of PEFT's configurations of methods that change modules of the base. */
final class TargetedConfig {
  private TargetedConfig() {}

  static void put(Map<String, @Nullable Object> fields, Targeted method, ModelDirectory base) {
    ModelConfig config = base.config();
    Targets targets = DefaultModules.targets(method, config);
    fields.put("target_modules", TargetsConfig.targeted(targets.targetModules(), config));
    List<String> whole = SavedModules.of(method.modulesToSave(), base).names();
    fields.put("modules_to_save", TargetsConfig.orNull(whole));
    switch (method) {
      case AdaLora adaLora -> {
        put(fields, adaLora, targets, config);
        fields.put("modules_to_save", TargetsConfig.orNull(whole));
      }
      case Ia3 ia3 -> {
        fields.put("peft_type", "IA3");
        fields.put("exclude_modules", TargetsConfig.excluded(targets.excludeModules()));
        fields.put("fan_in_fan_out", isConv1d(targets, ia3, config));
        fields.put("feedforward_modules", feedforward(targets, ia3, config));
        fields.put("init_ia3_weights", ia3.initIa3Weights());
      }
      case LnTuning norms -> {
        fields.put("peft_type", "LN_TUNING");
        fields.put("exclude_modules", TargetsConfig.excluded(targets.excludeModules()));
      }
      case Vera vera -> {
        fields.put("fan_in_fan_out", isConv1d(targets, vera, config));
        TargetsConfig.putLayers(fields, targets);
        put(fields, vera);
      }
    }
  }

  /** A LoRA's fields and its own. */
  private static void put(
      Map<String, @Nullable Object> fields, AdaLora method, Targets targets, ModelConfig base) {
    LoraConfigFile.put(
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
   * PEFT loads a list only if the list of target modules has all of it, as text; an expression with
   * the same meaning always.
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
          throw new IllegalArgumentException("feedforward_modules are not resolved");
    };
  }
}
