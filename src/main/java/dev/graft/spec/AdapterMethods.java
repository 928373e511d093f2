package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Full;
import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.AdapterMethod.Prompted;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.List;
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
  /** PEFT's own defaults, which a file that leaves fields out was written with. */
  private static final Lora PEFT_DEFAULTS =
      new Lora(8, 8, 0, new AdapterMethod.TargetModules.FamilyDefault());

  private static final List<String> TYPES =
      List.of(
          LoraFields.TYPE,
          AdaLoraFields.TYPE,
          Ia3Fields.TYPE,
          LnTuningFields.TYPE,
          VeraFields.TYPE,
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
   * Reads the settings of a method that PEFT lacks, {@code {"type": "full"}}.
   *
   * @throws SpecRejected with all problems, at paths without a prefix
   */
  public static AdapterMethod fromMethod(JsonNode method) {
    return read(method, AdapterMethods::method);
  }

  private static AdapterMethod read(JsonNode node, Function<Fields, AdapterMethod> reader) {
    List<Problem> problems = new ArrayList<>();
    Fields fields = new Fields(node, "", problems);
    AdapterMethod method = reader.apply(fields);
    if (!problems.isEmpty()) throw new SpecRejected(problems);
    return method;
  }

  static AdapterMethod peft(Fields peft, HyperparameterAliases aliases, Lora loraDefaults) {
    JsonNode type = peft.value("peft_type");
    String name = type == null ? LoraFields.TYPE : type.isString() ? type.stringValue() : "";
    @Nullable AdapterMethod method =
        switch (name) {
          case LoraFields.TYPE -> LoraFields.read(peft, aliases, loraDefaults);
          case PromptFields.PROMPT, PromptFields.ENCODER, PromptFields.PREFIX ->
              PromptFields.read(name, peft);
          case AdaLoraFields.TYPE -> AdaLoraFields.read(peft);
          case Ia3Fields.TYPE -> Ia3Fields.read(peft);
          case LnTuningFields.TYPE -> LnTuningFields.read(peft);
          case VeraFields.TYPE -> VeraFields.read(peft);
          default -> {
            peft.refuse("peft_type", "must be one of " + String.join(", ", TYPES));
            yield null;
          }
        };
    peft.notYet("task_type", "CAUSAL_LM", "SEQ_CLS");
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
      peft.refuse("peft_type", name + " has no LoRA settings, but lora_* was given");
    }
    return method;
  }

  static AdapterMethod method(Fields method) {
    JsonNode type = method.value("type");
    String name = type != null && type.isString() ? type.stringValue() : "";
    @Nullable AdapterMethod read =
        switch (name) {
          case "full" -> new Full();
          case FreezeFields.TYPE -> FreezeFields.read(method);
          default -> {
            boolean planned = name.equals("bottleneck");
            String choices = "must be full or freeze (PEFT's methods go into adapter.peft)";
            method.refuse("type", planned ? "not supported yet; " + choices : choices);
            yield null;
          }
        };
    if (read == null) return new Full();
    method.refuseUnknown();
    return read;
  }

  /** The same settings as fields of {@code adapter}. */
  static void write(ObjectNode adapter, AdapterMethod method) {
    switch (method) {
      case Lora lora -> LoraFields.write(adapter.putObject("peft"), lora);
      case Prompted prompted -> PromptFields.write(adapter.putObject("peft"), prompted);
      case Targeted targeted -> write(adapter.putObject("peft"), targeted);
      case Full() -> adapter.putObject("method").put("type", "full");
      case Freeze freeze -> FreezeFields.write(adapter.putObject("method"), freeze);
    }
  }

  private static void write(ObjectNode peft, Targeted method) {
    switch (method) {
      case AdaLora adaLora -> AdaLoraFields.write(peft, adaLora);
      case Ia3 ia3 -> Ia3Fields.write(peft, ia3);
      case LnTuning norms -> LnTuningFields.write(peft, norms);
      case Vera vera -> VeraFields.write(peft, vera);
    }
  }
}
