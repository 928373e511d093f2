package dev.graft.training.export;

import dev.graft.text.PythonJson;
import java.util.Map;

/** {@code README.md} beside a result: front matter that model hubs read, and the run's facts. */
final class ModelCard {
  private ModelCard() {}

  static String adapter(String baseModelName, Map<String, String> facts) {
    return """
    ---
    base_model: %s
    library_name: peft
    pipeline_tag: text-generation
    tags:
    - lora
    ---

    # LoRA adapter for %s

    Load it with `peft`, on top of the base model:

    ```python
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained("path or name of the base model")
    model = PeftModel.from_pretrained(base, "this directory")
    ```

    %s\
    """
        .formatted(PythonJson.dumps(baseModelName, 2, true), plain(baseModelName), table(facts));
  }

  static String checkpoint(String baseModelName, Map<String, String> facts) {
    return """
    ---
    base_model: %s
    library_name: transformers
    pipeline_tag: text-generation
    ---

    # %s, every parameter trained

    %s\
    """
        .formatted(PythonJson.dumps(baseModelName, 2, true), plain(baseModelName), table(facts));
  }

  private static String table(Map<String, String> facts) {
    StringBuilder table = new StringBuilder("| | |\n|---|---|\n");
    facts.forEach(
        (name, value) -> table.append("| %s | %s |\n".formatted(plain(name), plain(value))));
    return table.toString();
  }

  /** Names come from users: one line, and nothing that Markdown or HTML would act on. */
  private static String plain(String text) {
    String line = text.length() > 500 ? text.substring(0, 500) + "..." : text;
    return line.replaceAll("\\p{Cntrl}", " ")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replaceAll("([\\\\`*\\[\\]|!#])", "\\\\$1");
  }
}
