package dev.graft.training;

import dev.graft.spec.Prompted;
import dev.graft.spec.Lora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.text.PythonJson;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * {@code adapter_config.json} as PEFT's {@code save_pretrained} writes it: every field of the
 * method's class, sorted, indented by two. The fields of a method are written by a class of its
 * own; bottleneck adapters, which PEFT lacks, have nothing of PEFT's but the file's name.
 */
final class AdapterConfigFile {
  /** The release whose fields and defaults these are. */
  static final String PEFT_VERSION = "0.21.2";

  private AdapterConfigFile() {}

  /**
   * @param learned settings that training decided
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
      case Bottleneck bottleneck -> BottleneckConfig.put(fields, bottleneck, base);
      case Lora lora -> LoraConfigFile.put(fields, lora, base.config());
      case Prompted prompted ->
          PromptConfig.put(fields, prompted, base.config(), baseModelName);
      case AdapterMethod.Targeted targeted -> TargetedConfig.put(fields, targeted, base);
      case AdapterMethod.Full _, Freeze _ ->
          throw new IllegalArgumentException("a whole model has no adapter_config.json");
    }
    if (!(method instanceof Bottleneck)) putOfPeft(fields);
    fields.putAll(learned);
    return PythonJson.dumps(fields, 2, true);
  }

  /** What every configuration of PEFT has. */
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
}
