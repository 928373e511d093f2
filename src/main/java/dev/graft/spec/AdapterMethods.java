package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Full;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Prompted.PromptFields;
import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Every method in JSON, in and out: {@code adapter.peft} (and PEFT's own {@code
 * adapter_config.json}, which has the same names) or, for what PEFT lacks, {@code adapter.method}.
 * The fields of a method are read in a class of its own.
 */
public final class AdapterMethods {
  static final Lora DEFAULT = new Lora(16, 32, 0, new TargetModules.AllLinear());

  /** PEFT's own defaults, which a file that leaves fields out was written with. */
  private static final Lora PEFT_DEFAULTS =
      new Lora(8, 8, 0, new AdapterMethod.TargetModules.FamilyDefault());

  private static final String PEFT_TYPE = "peft_type";
  private static final Object[] TASKS = {"CAUSAL_LM", "SEQ_CLS"};

  /** {@code peft_type} of every method of PEFT that is built. */
  public static final List<String> TYPES =
      List.of(
          Lora.TYPE,
          AdaLora.TYPE,
          Ia3.TYPE,
          LnTuning.TYPE,
          Vera.TYPE,
          PromptFields.PROMPT,
          PromptFields.ENCODER,
          PromptFields.PREFIX);

  private AdapterMethods() {}

  /**
   * Reads a configuration as PEFT saves it; fields that say where an adapter came from are skipped.
   *
   * @throws SpecRejected with all problems, at paths without a prefix
   */
  public static AdapterMethod fromPeft(JsonNode config) {
    return read(config, fields -> peft(fields, HyperparameterAliases.NONE, PEFT_DEFAULTS));
  }

  /**
   * Reads {@code adapter_config.json} of a result: PEFT's, or that of bottleneck adapters, which
   * PEFT lacks.
   *
   * @throws SpecRejected with all problems, at paths without a prefix
   */
  public static AdapterMethod fromSaved(JsonNode config) {
    return isBottleneck(config) ? read(config, AdapterMethods::savedBottleneck) : fromPeft(config);
  }

  private static boolean isBottleneck(JsonNode config) {
    return config.path(PEFT_TYPE).stringValue("").equals(Bottleneck.SAVED_TYPE);
  }

  private static AdapterMethod savedBottleneck(Fields saved) {
    Bottleneck method = Bottleneck.read(saved);
    saved.notYet("task_type", TASKS);
    for (String key : List.of(PEFT_TYPE, "base_model_name_or_path", "inference_mode")) {
      saved.known(key);
    }
    saved.refuseUnknown();
    return method;
  }

  /**
   * Reads the settings of a method that PEFT lacks, {@code {"type": "full"}}.
   *
   * @throws SpecRejected with all problems, at paths without a prefix
   */
  public static AdapterMethod fromMethod(JsonNode method) {
    return read(method, AdapterMethods::method);
  }

  /** Reads {@code peft} or {@code method}, with the problems at their paths below {@code path}. */
  public static AdapterMethod fromRequest(JsonNode settings, String path, List<Problem> problems) {
    Fields fields = new Fields(settings, path, problems);
    return settings.has("type")
        ? method(fields)
        : peft(fields, HyperparameterAliases.NONE, PEFT_DEFAULTS);
  }

  private static AdapterMethod read(JsonNode node, Function<Fields, AdapterMethod> reader) {
    List<Problem> problems = new ArrayList<>();
    Fields fields = new Fields(node, "", problems);
    AdapterMethod method = reader.apply(fields);
    if (!problems.isEmpty()) throw new SpecRejected(problems);
    return method;
  }

  public static AdapterMethod peft(Fields peft, HyperparameterAliases aliases, Lora loraDefaults) {
    JsonNode type = peft.value(PEFT_TYPE);
    String name = type == null ? Lora.TYPE : type.isString() ? type.stringValue() : "";
    @Nullable AdapterMethod method =
        switch (name) {
          case Lora.TYPE -> Lora.read(peft, aliases, loraDefaults);
          case PromptFields.PROMPT, PromptFields.ENCODER, PromptFields.PREFIX ->
              PromptFields.read(name, peft);
          case AdaLora.TYPE -> AdaLora.read(peft);
          case Ia3.TYPE -> Ia3.read(peft);
          case LnTuning.TYPE -> LnTuning.read(peft);
          case Vera.TYPE -> Vera.read(peft);
          default -> {
            String choices = "must be one of " + String.join(", ", TYPES);
            boolean own = name.equals(Bottleneck.SAVED_TYPE);
            peft.refuse(
                PEFT_TYPE, own ? choices + "; give {\"type\": \"bottleneck\"} as method" : choices);
            yield null;
          }
        };
    peft.notYet("task_type", TASKS);
    for (String key :
        List.of(
            "auto_mapping",
            "base_model_name_or_path",
            "inference_mode",
            "peft_version",
            "revision",
            "runtime_config")) {
      peft.known(key);
    }
    if (method == null) return loraDefaults;
    peft.refuseUnknown();
    if (aliases.loraSettings() && !(method instanceof Lora)) {
      peft.refuse(PEFT_TYPE, name + " has no LoRA settings, but lora_* was given");
    }
    return method;
  }

  public static AdapterMethod method(Fields method) {
    JsonNode type = method.value("type");
    String name = type != null && type.isString() ? type.stringValue() : "";
    @Nullable AdapterMethod read =
        switch (name) {
          case "full" -> new Full();
          case Freeze.TYPE -> Freeze.read(method);
          case Bottleneck.TYPE -> Bottleneck.read(method);
          default -> {
            method.refuse(
                "type", "must be full, freeze or bottleneck (PEFT's methods go into adapter.peft)");
            yield null;
          }
        };
    if (read == null) return new Full();
    method.refuseUnknown();
    return read;
  }

  /** The same settings as fields of {@code adapter}. */
  public static void write(ObjectNode adapter, AdapterMethod method) {
    switch (method) {
      case Lora lora -> Lora.write(adapter.putObject("peft"), lora);
      case Prompted prompted -> PromptFields.write(adapter.putObject("peft"), prompted);
      case Targeted targeted -> write(adapter.putObject("peft"), targeted);
      case Full() -> adapter.putObject("method").put("type", "full");
      case Freeze freeze -> Freeze.write(adapter.putObject("method"), freeze);
      case Bottleneck own -> Bottleneck.write(adapter.putObject("method"), own);
    }
  }

  private static void write(ObjectNode peft, Targeted method) {
    switch (method) {
      case AdaLora adaLora -> AdaLora.write(peft, adaLora);
      case Ia3 ia3 -> Ia3.write(peft, ia3);
      case LnTuning norms -> LnTuning.write(peft, norms);
      case Vera vera -> Vera.write(peft, vera);
    }
  }

  static AdapterMethod read(Fields adapter, HyperparameterAliases aliases) {
    Fields peft = adapter.object("peft");
    Fields method = adapter.object("method");
    if (!method.present()) return AdapterMethods.peft(peft, aliases, DEFAULT);
    if (peft.present()) adapter.refuse("method", "contradicts peft: give one of the two");
    if (aliases.loraSettings()) {
      adapter.refuse("method", "has no LoRA settings, but lora_* was given");
    }
    return AdapterMethods.method(method);
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
