package dev.graft.spec;

import dev.graft.spec.AdapterMethod.Full;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.SpecRejected.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads and writes the methods as JSON: {@code adapter.peft} (and PEFT's own {@code
 * adapter_config.json}, which has the same names) or, for methods that PEFT lacks, {@code
 * adapter.method}. Each method reads and writes its own fields.
 */
public final class AdapterMethods {
  static final Lora DEFAULT = new Lora(16, 32, 0, new TargetModules.AllLinear());

  /** PEFT's own defaults, which apply to fields that a file leaves out. */
  private static final Lora PEFT_DEFAULTS =
      new Lora(8, 8, 0, new AdapterMethod.TargetModules.FamilyDefault());

  private static final String PEFT_TYPE = "peft_type";
  private static final Object[] TASKS = {"CAUSAL_LM", "SEQ_CLS"};

  /** {@code peft_type} of every supported method of PEFT. */
  public static final List<String> TYPES =
      List.of(
          Lora.TYPE,
          AdaLora.TYPE,
          Ia3.TYPE,
          LnTuning.TYPE,
          Vera.TYPE,
          PromptTuning.TYPE,
          PTuning.TYPE,
          PrefixTuning.TYPE);

  private AdapterMethods() {}

  /**
   * Reads a configuration as PEFT saves it; fields about the adapter's origin are skipped.
   *
   * @throws SpecRejected with all problems, at paths without a prefix
   */
  public static AdapterMethod fromPeft(JsonNode config) {
    return read(config, fields -> peft(fields, HyperparameterAliases.NONE, PEFT_DEFAULTS));
  }

  /**
   * Reads the {@code adapter_config.json} of a result, PEFT's or that of bottleneck adapters, which
   * PEFT lacks.
   *
   * @throws SpecRejected with all problems, at paths without a prefix
   */
  public static AdapterMethod fromSaved(JsonNode config) {
    boolean own = config.path(PEFT_TYPE).stringValue("").equals(Bottleneck.SAVED_TYPE);
    return own ? read(config, AdapterMethods::savedBottleneck) : fromPeft(config);
  }

  private static AdapterMethod savedBottleneck(Fields saved) {
    Bottleneck method = Bottleneck.read(saved);
    saved.notYet("task_type", TASKS);
    saved.known(PEFT_TYPE, "base_model_name_or_path", "inference_mode");
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

  /**
   * Reads {@code peft} or {@code method} and adds the problems at their paths below {@code path}.
   */
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

  static AdapterMethod peft(Fields peft, HyperparameterAliases aliases, Lora loraDefaults) {
    JsonNode type = peft.value(PEFT_TYPE);
    String name = type == null ? Lora.TYPE : type.isString() ? type.stringValue() : "";
    @Nullable AdapterMethod method =
        switch (name) {
          case Lora.TYPE -> Lora.read(peft, aliases, loraDefaults);
          case PromptTuning.TYPE -> PromptTuning.read(peft);
          case PTuning.TYPE -> PTuning.read(peft);
          case PrefixTuning.TYPE -> PrefixTuning.read(peft);
          case AdaLora.TYPE -> AdaLora.read(peft);
          case Ia3.TYPE -> Ia3.read(peft);
          case LnTuning.TYPE -> LnTuning.read(peft);
          case Vera.TYPE -> Vera.read(peft);
          default -> {
            String choices = "must be one of " + String.join(", ", TYPES);
            boolean own = name.equals(Bottleneck.SAVED_TYPE);
            String hint = "; for bottleneck adapters, set adapter.method.type to \"bottleneck\"";
            peft.refuse(PEFT_TYPE, own ? choices + hint : choices);
            yield null;
          }
        };
    peft.notYet("task_type", TASKS);
    peft.known("auto_mapping", "base_model_name_or_path", "inference_mode");
    peft.known("peft_version", "revision", "runtime_config");
    if (method == null) return loraDefaults;
    peft.refuseUnknown();
    if (aliases.loraSettings() && !(method instanceof Lora)) {
      peft.refuse(
          PEFT_TYPE, "is " + name + ", which cannot be combined with lora_* hyperparameters");
    }
    return method;
  }

  static AdapterMethod method(Fields method) {
    JsonNode type = method.value("type");
    String name = type != null && type.isString() ? type.stringValue() : "";
    @Nullable AdapterMethod read =
        switch (name) {
          case "full" -> new Full();
          case Freeze.TYPE -> Freeze.read(method);
          case Bottleneck.TYPE -> Bottleneck.read(method);
          default -> {
            method.refuse(
                "type",
                "must be full, freeze or bottleneck; PEFT's methods belong in adapter.peft");
            yield null;
          }
        };
    if (read == null) return new Full();
    method.refuseUnknown();
    return read;
  }

  /** Writes a method as a field of {@code adapter}. */
  static void write(ObjectNode adapter, AdapterMethod method) {
    String place =
        switch (method) {
          case Lora _, Prompted _, Targeted _ -> "peft";
          case Full _, Freeze _, Bottleneck _ -> "method";
        };
    method.write(adapter.putObject(place));
  }

  static AdapterMethod read(Fields adapter, HyperparameterAliases aliases) {
    Fields peft = adapter.object("peft");
    Fields method = adapter.object("method");
    if (!method.present()) return peft(peft, aliases, DEFAULT);
    if (peft.present()) {
      adapter.refuse("method", "cannot be combined with peft: give only one of the two");
    }
    if (aliases.loraSettings()) {
      adapter.refuse("method", "cannot be combined with lora_* hyperparameters");
    }
    return method(method);
  }

  /** Returns the explicit value, else the alias, else the default; refuses two that differ. */
  static <T> T agree(
      Fields fields,
      String key,
      @Nullable T explicit,
      @Nullable T alias,
      String aliasKey,
      T byDefault) {
    if (explicit != null && alias != null && !Objects.equals(explicit, alias)) {
      fields.refuse(
          key, "is %s, but the hyperparameters set %s to %s".formatted(explicit, aliasKey, alias));
    }
    return explicit != null ? explicit : alias != null ? alias : byDefault;
  }
}
