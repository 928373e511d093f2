package dev.graft.training;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Vera;
import dev.graft.text.PythonJson;
import dev.graft.weights.LoaderRules;
import dev.graft.weights.LoaderRules.Compatibility;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.util.Map;

/** {@code README.md} beside a result: front matter that model hubs read, and the run's facts. */
final class ModelCard {
  /** Name of the row with the run's precision, in which the result is loaded. */
  private static final String PRECISION = "precision";

  private static final String BOTTLENECK =
      """
      No method of `peft`. `adapter_model.safetensors` names modules of the base: what such a module gives, h, becomes
      `h + scaling * Up(f(Down(x)))`. x is h itself or, where the variant is `parallel`, what the feed-forward takes;
      Down is `<module>.adapter_down`, Up `<module>.adapter_up`, and `adapter_config.json` has the scaling and f.
      Modules that trained whole are there under their own names.

      """;

  private ModelCard() {}

  static String adapter(
      ModelDirectory base, String baseModelName, AdapterMethod method, Map<String, String> facts) {
    boolean peft = !(method instanceof Bottleneck);
    return frontMatter(base, baseModelName, peft ? "peft" : "graft")
        + "\n# %s adapter for %s\n\n".formatted(kind(method), plain(baseModelName))
        + (peft ? inPeft(base, facts.getOrDefault(PRECISION, "float32")) : BOTTLENECK)
        + table(facts)
        + loaders(method, base);
  }

  private static String inPeft(ModelDirectory base, String precision) {
    return """
    Load it with `peft`, on top of the base model. `dtype` is the precision of the training: without it transformers 5
    takes that of the base's files, and the answers may differ.

    ```python
    from peft import PeftModel
    from transformers import %s

    base = %s
    model = PeftModel.from_pretrained(base, "this directory")
    ```

    """
        .formatted(imports(base), load(base, precision));
  }

  private static String loaders(AdapterMethod method, ModelDirectory base) {
    StringBuilder table =
        new StringBuilder(
            "\n## Where it loads\n\n| program | verdict | reasons |\n|---|---|---|\n");
    for (Compatibility each : LoaderRules.of(method, base.config())) {
      table.append(
          "| %s | %s | %s |\n"
              .formatted(
                  each.loader().wireName(),
                  each.verdict().wireName().replace('_', ' '),
                  plain(String.join("; ", each.reasons()))));
    }
    return table.toString();
  }

  /**
   * @param whole whether every parameter trained
   */
  static String trained(
      ModelDirectory base, String baseModelName, boolean whole, Map<String, String> facts) {
    String what = whole ? "every parameter trained" : "some of its parameters trained";
    return checkpoint(base, baseModelName, what, facts);
  }

  static String merged(
      ModelDirectory base, String baseModelName, AdapterMethod method, Map<String, String> facts) {
    String what = "with a " + kind(method) + " adapter merged into its weights";
    return checkpoint(base, baseModelName, what, facts);
  }

  private static String checkpoint(
      ModelDirectory base, String baseModelName, String what, Map<String, String> facts) {
    return frontMatter(base, baseModelName, "transformers")
        + "\n# %s, %s\n\n%s".formatted(plain(baseModelName), what, table(facts));
  }

  private static String frontMatter(ModelDirectory base, String baseModelName, String library) {
    return """
    ---
    base_model: %s
    library_name: %s
    pipeline_tag: %s
    ---
    """
        .formatted(PythonJson.dumps(baseModelName, 2, true), library, pipeline(base));
  }

  private static String kind(AdapterMethod method) {
    return switch (method) {
      case Lora _ -> "LoRA";
      case AdapterMethod.Full _, Freeze _ -> "full";
      case Bottleneck _ -> "bottleneck";
      case AdaLora _ -> "AdaLoRA";
      case Ia3 _ -> "(IA)^3";
      case LnTuning _ -> "LayerNorm tuning";
      case Vera _ -> "VeRA";
      case PromptTuning _ -> "prompt tuning";
      case PTuning _ -> "P-tuning";
      case PrefixTuning _ -> "prefix tuning";
    };
  }

  private static String pipeline(ModelDirectory base) {
    return switch (base.config().task()) {
      case Task.CausalLm _ -> "text-generation";
      case Task.SequenceClassification _ -> "text-classification";
    };
  }

  private static String autoClass(ModelDirectory base) {
    return switch (base.config().task()) {
      case Task.CausalLm _ -> "AutoModelForCausalLM";
      case Task.SequenceClassification _ -> "AutoModelForSequenceClassification";
    };
  }

  private static String imports(ModelDirectory base) {
    return switch (base.config().task()) {
      case Task.CausalLm _ -> autoClass(base);
      case Task.SequenceClassification _ -> "AutoConfig, " + autoClass(base);
    };
  }

  private static String load(ModelDirectory base, String precision) {
    String outputs =
        switch (base.config().task()) {
          case Task.CausalLm _ -> "";
          case Task.SequenceClassification _ ->
              ", config=AutoConfig.from_pretrained(\"this directory\")";
        };
    return "%s.from_pretrained(\"path or name of the base model\"%s, dtype=\"%s\")"
        .formatted(autoClass(base), outputs, precision);
  }

  private static String table(Map<String, String> facts) {
    StringBuilder table = new StringBuilder("| property | value |\n|---|---|\n");
    facts.forEach(
        (name, value) -> table.append("| %s | %s |\n".formatted(plain(name), plain(value))));
    return table.toString();
  }

  /** Escapes names from users: one line without Markdown or HTML. */
  private static String plain(String text) {
    String line = text.length() > 500 ? text.substring(0, 500) + "..." : text;
    return line.replaceAll("\\p{Cntrl}", " ")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replaceAll("([\\\\`*\\[\\]|!#])", "\\\\$1");
  }
}
