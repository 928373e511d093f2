package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Full;
import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads {@code adapter.peft} (PEFT's {@code LoraConfig} names) and {@code adapter.method}. */
final class MethodFields {
  static final int DEFAULT_R = 16;

  private MethodFields() {}

  static AdapterMethod read(Fields adapter, HyperparameterAliases aliases) {
    Fields peft = adapter.object("peft");
    Fields method = adapter.object("method");
    if (method.present()) {
      if (peft.present()) adapter.refuse("method", "contradicts peft: give one of the two");
      return full(adapter, method, aliases);
    }
    JsonNode type = peft.value("peft_type");
    if (type != null && type.isString() && PromptFields.isType(type.stringValue())) {
      return prompted(adapter, peft, type.stringValue(), aliases);
    }
    return lora(peft, aliases);
  }

  private static AdapterMethod prompted(
      Fields adapter, Fields peft, String type, HyperparameterAliases aliases) {
    AdapterMethod method = PromptFields.read(type, peft);
    peft.notYet("inference_mode", false);
    peft.notYet("task_type", "CAUSAL_LM");
    peft.refuseUnknown();
    if (aliases.r() != null
        || aliases.loraAlpha() != null
        || aliases.loraDropout() != null
        || aliases.targetModules() != null) {
      adapter.refuse("peft", type + " has no LoRA settings, but lora_* was given");
    }
    return method;
  }

  private static AdapterMethod full(Fields adapter, Fields method, HyperparameterAliases aliases) {
    JsonNode type = method.value("type");
    String name = type != null && type.isString() ? type.stringValue() : "";
    if (List.of("freeze", "bottleneck").contains(name)) {
      method.refuse("type", "not supported yet; must be full");
    } else if (!name.equals("full")) {
      method.refuse("type", "must be full (LoRA goes into adapter.peft)");
    }
    method.refuseUnknown();
    if (aliases.r() != null
        || aliases.loraAlpha() != null
        || aliases.loraDropout() != null
        || aliases.targetModules() != null) {
      adapter.refuse("method", "full training has no LoRA settings, but lora_* was given");
    }
    return new Full();
  }

  private static AdapterMethod lora(Fields peft, HyperparameterAliases aliases) {
    JsonNode type = peft.value("peft_type");
    if (type != null && !(type.isString() && type.stringValue().equals("LORA"))) {
      peft.refuse("peft_type", "not supported yet; must be LORA");
    }
    Integer r = agree(peft, "r", peft.integer("r", 1, 1024), aliases.r(), "lora_r", DEFAULT_R);
    Double alpha =
        agree(
            peft,
            "lora_alpha",
            peft.number("lora_alpha", 1e-6, 1e6),
            aliases.loraAlpha(),
            "lora_alpha",
            2.0 * r);
    Double dropout =
        agree(
            peft,
            "lora_dropout",
            peft.number("lora_dropout", 0, 0.999),
            aliases.loraDropout(),
            "lora_dropout",
            0.0);
    TargetModules targets =
        agree(
            peft,
            "target_modules",
            targetModules(peft, "target_modules"),
            aliases.targetModules(),
            "lora_trainable_modules",
            new TargetModules.AllLinear());
    Boolean init = initLoraWeights(peft);
    refuseVariants(peft);
    peft.refuseUnknown();
    return new Lora(r, alpha, dropout, targets, init == null || init);
  }

  private static @Nullable Boolean initLoraWeights(Fields peft) {
    JsonNode value = peft.value("init_lora_weights");
    if (value == null || value.isBoolean()) return value == null ? null : value.booleanValue();
    peft.refuse("init_lora_weights", "not supported yet; must be true or false");
    return null;
  }

  /** The rest of {@code LoraConfig}: known, and refused until it is built. */
  private static void refuseVariants(Fields peft) {
    peft.notYet("use_rslora", false);
    peft.notYet("use_dora", false);
    peft.notYet("lora_bias", false);
    peft.notYet("fan_in_fan_out", false);
    peft.notYet("inference_mode", false);
    peft.notYet("bias", "none");
    peft.notYet("task_type", "CAUSAL_LM");
    for (String key :
        List.of(
            "modules_to_save",
            "exclude_modules",
            "rank_pattern",
            "alpha_pattern",
            "layers_to_transform",
            "layers_pattern",
            "target_parameters",
            "trainable_token_indices",
            "loftq_config",
            "layer_replication")) {
      peft.notYet(key);
    }
  }

  /** {@code "all-linear"}, a list of module names, or names in one string with commas. */
  static @Nullable TargetModules targetModules(Fields fields, String key) {
    JsonNode value = fields.value(key);
    if (value == null) return null;
    if (value.isString() && value.stringValue().equals("all-linear")) {
      return new TargetModules.AllLinear();
    }
    List<String> names = new ArrayList<>();
    if (value.isString()) {
      for (String name : value.stringValue().split(",", -1)) names.add(name.strip());
    } else if (value.isArray()) {
      for (JsonNode name : value) names.add(name.isString() ? name.stringValue() : "");
    }
    boolean plain = names.stream().allMatch(name -> name.matches("[A-Za-z0-9_.]{1,200}"));
    if (names.isEmpty() || names.size() > 10_000 || !plain) {
      fields.refuse(key, "must be \"all-linear\" or module names; patterns are not supported yet");
      return null;
    }
    return new TargetModules.Names(names);
  }

  /** The explicit value, else the alias, else the default; two that differ are refused. */
  static <T> T agree(
      Fields fields,
      String key,
      @Nullable T explicit,
      @Nullable T alias,
      String aliasKey,
      T byDefault) {
    if (explicit != null && alias != null && !Objects.equals(explicit, alias)) {
      fields.refuse(key, "is " + explicit + ", but hyperparameters say " + aliasKey + " " + alias);
    }
    return explicit != null ? explicit : alias != null ? alias : byDefault;
  }
}
