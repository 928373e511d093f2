package dev.graft.spec;

import static dev.graft.spec.AcceptedSettings.OBJECTIVES;
import static dev.graft.spec.AcceptedSettings.OWN;
import static dev.graft.spec.AcceptedSettings.request;
import static dev.graft.spec.Fields.shown;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/**
 * {@code docs/settings.md}, made of what the readers of a request ask for and take. The last column
 * of a table with meanings is written by people, and kept.
 */
final class SettingsPage {
  private static final String MEANINGS = "| setting | default | range | with | meaning |";
  private static final Pattern ROW =
      Pattern.compile("^\\| `([^`]+)` \\|.*?\\| ([^|]*) \\|$", Pattern.MULTILINE);
  private static final Map<String, String> ANCHORS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("LORA", "lora"),
              Map.entry("ADALORA", "adalora"),
              Map.entry("IA3", "ia3"),
              Map.entry("LN_TUNING", "layernorm-tuning"),
              Map.entry("VERA", "vera"),
              Map.entry("PROMPT_TUNING", "prompt-tuning"),
              Map.entry("P_TUNING", "p-tuning"),
              Map.entry("PREFIX_TUNING", "prefix-tuning"),
              Map.entry("full", "full-fine-tuning"),
              Map.entry("freeze", "last-layers-only"),
              Map.entry("bottleneck", "bottleneck-adapters")));

  private final StringBuilder page = new StringBuilder();
  private final Map<String, String> meanings = new TreeMap<>();

  private SettingsPage(String before) {
    Matcher rows = ROW.matcher(before);
    while (rows.find()) meanings.put(rows.group(1), rows.group(2));
  }

  /**
   * @param before the page whose meanings are kept
   */
  static String of(String before) {
    return new SettingsPage(before).made();
  }

  private String made() {
    page.append(
        """
        # Settings

        Every setting of a fine-tuning job. The tables come from the code: `SettingsPageTests` compares them with what the
        server accepts. A setting that is not on this page is refused, with the name that was likely meant.

        A job has its settings in `adapter`: `peft` or `method` says what trains, `training` how, `data` which tokens have a
        loss, `quantization` how the base model is kept, `output` which files the result has. OpenAI's `hyperparameters` work
        too. What cannot be combined is in [methods.md](methods.md#settings-that-cannot-be-combined). `GET /v1/adapter_configs/schema`
        has the same as JSON Schema; `POST /v1/adapter_configs/validate` checks settings without a job.

        "With" says the objectives (`sft` is supervised training) and the methods that take another value than the default;
        "all" means all of them. A default of "none" means that the setting has no effect until it is given.

        """);
    learningRates();
    part("training", "## Training: `adapter.training`");
    schedulers();
    part("data", "## Data: `adapter.data`");
    part("quantization", "## Quantization: `adapter.quantization`");
    part("output", "## Output: `adapter.output`");
    hyperparameters();
    page.append("## Methods: `adapter.peft` and `adapter.method`\n\n");
    page.append(
        "What each setting means is in the section of the method in [methods.md](methods.md).\n");
    AcceptedSettings.methods().forEach(this::method);
    return page.toString();
  }

  private void learningRates() {
    page.append(
        """
        ## Learning rate by method

        `adapter.training.learning_rate` unless it is given, and what is accepted. `learning_rate_multiplier` of OpenAI's
        `hyperparameters` multiplies the default.

        | method | default | default for `dpo`, `orpo` | range |
        |---|---|---|---|
        """);
    for (String method : AcceptedSettings.methods()) {
      JsonNode schema = AcceptedSettings.one("training", "learning_rate", request(method, "sft"));
      Function<String, String> rate =
          objective ->
              shown(
                  AcceptedSettings.defaults(method, objective)
                      .at("/training/learning_rate")
                      .doubleValue());
      row("`" + method + "`", rate.apply("sft"), rate.apply("dpo"), range(schema));
    }
    page.append("\n");
  }

  private void part(String part, String heading) {
    page.append(heading).append("\n\n").append(MEANINGS).append("\n|---|---|---|---|---|\n");
    Map<String, JsonNode> settings = new LinkedHashMap<>();
    for (String objective : OBJECTIVES) {
      AcceptedSettings.of(part, request("LORA", objective)).forEach(settings::putIfAbsent);
    }
    List<String> unbuilt = new ArrayList<>();
    settings.forEach(
        (name, schema) -> {
          if (schema.has("description")) unbuilt.add(name);
          else if (!name.equals("lr_scheduler_kwargs")) setting(part, name, schema);
        });
    page.append("\n");
    unbuilt(part, unbuilt);
  }

  private void setting(String part, String name, JsonNode schema) {
    String byDefault =
        name.equals("learning_rate")
            ? "by method"
            : OBJECTIVES.stream()
                .map(each -> AcceptedSettings.byDefault("LORA", each, part, name))
                .filter(value -> !value.isMissingNode() && !value.isNull())
                .findFirst()
                .map(SettingsPage::value)
                .orElse("none");
    String range = name.equals("learning_rate") ? "by method" : range(schema);
    String path = part + "." + name;
    row(
        "`" + path + "`",
        byDefault,
        range,
        where(part, name, schema),
        meanings.getOrDefault(path, ""));
  }

  /** With which methods and objectives another value than the default passes. */
  private static String where(String part, String name, JsonNode schema) {
    List<String> methods =
        AcceptedSettings.methods().stream()
            .filter(
                method ->
                    OBJECTIVES.stream()
                        .anyMatch(o -> AcceptedSettings.takes(method, o, part, name, schema)))
            .toList();
    if (methods.isEmpty()) return "another setting that asks for it";
    List<String> objectives =
        OBJECTIVES.stream()
            .filter(
                objective ->
                    methods.stream()
                        .anyMatch(m -> AcceptedSettings.takes(m, objective, part, name, schema)))
            .toList();
    boolean everywhere = methods.size() == AcceptedSettings.methods().size();
    if (everywhere && objectives.size() == OBJECTIVES.size()) return "all";
    if (everywhere) return code(objectives);
    List<String> others = new ArrayList<>(AcceptedSettings.methods());
    others.removeAll(methods);
    String which =
        others.size() < methods.size() ? "all but " + code(others) : "only " + code(methods);
    return objectives.size() == OBJECTIVES.size() ? which : code(objectives) + "; " + which;
  }

  private static String code(List<String> names) {
    return names.stream().map(name -> "`" + name + "`").collect(Collectors.joining(", "));
  }

  private void unbuilt(String part, List<String> names) {
    if (names.isEmpty()) return;
    page.append("Known, and taken only with the value that changes nothing: ");
    page.append(code(names.stream().map(name -> part + "." + name).toList()));
    page.append(".\n\n");
  }

  private void schedulers() {
    page.append(
        """
        ### Learning rate schedulers: `adapter.training.lr_scheduler_kwargs`

        By `lr_scheduler_type`; names and meanings are those of transformers.

        | setting | of the types | range |
        |---|---|---|
        """);
    Map<String, List<String>> types = new LinkedHashMap<>();
    Map<String, String> ranges = new LinkedHashMap<>();
    for (String type : LrScheduler.Json.TYPES) {
      var request = request("LORA", "sft");
      request.putObject("training").put("lr_scheduler_type", type);
      JsonNode kwargs =
          AcceptedSettings.one("training", "lr_scheduler_kwargs", request).path("properties");
      for (String name : kwargs.propertyNames()) {
        types.computeIfAbsent(name, any -> new ArrayList<>()).add("`" + type + "`");
        ranges.putIfAbsent(name, range(kwargs.get(name)));
      }
    }
    types.forEach(
        (name, of) ->
            row(
                "`training.lr_scheduler_kwargs." + name + "`",
                String.join(", ", of),
                ranges.getOrDefault(name, "")));
    page.append("\n");
  }

  private void hyperparameters() {
    page.append(
        """
        ## OpenAI's hyperparameters

        `method.supervised.hyperparameters`, `method.dpo.hyperparameters` or the older `hyperparameters` of a job. `auto` is
        the default of each.

        | setting | range | `method.type` | the same as |
        |---|---|---|---|
        """);
    Map<String, String> same =
        Map.of(
            "n_epochs", "training.num_train_epochs",
            "batch_size", "training.per_device_train_batch_size x gradient_accumulation_steps",
            "learning_rate_multiplier", "training.learning_rate / its default",
            "beta", "training.beta",
            "lora_r", "peft.r",
            "lora_alpha", "peft.lora_alpha",
            "lora_dropout", "peft.lora_dropout",
            "lora_trainable_modules", "peft.target_modules");
    JsonNode supervised = HyperparameterAliases.schema(false).path("properties");
    JsonNode dpo = HyperparameterAliases.schema(true).path("properties");
    for (String name : dpo.propertyNames()) {
      row(
          "`hyperparameters." + name + "`",
          range(dpo.get(name)),
          supervised.has(name) ? "`supervised`, `dpo`" : "`dpo`",
          "`adapter." + same.getOrDefault(name, name) + "`");
    }
    page.append(
        "\n`seed` is beside `adapter`: a whole number from 0, %d unless given.\n\n"
            .formatted(TrainingSpec.DEFAULT_SEED));
  }

  private void method(String method) {
    String part = OWN.contains(method) ? "method" : "peft";
    String key = part.equals("method") ? "type" : "peft_type";
    page.append("\n### `\"%s\": \"%s\"`\n\n".formatted(key, method));
    page.append("[methods.md](methods.md#%s)\n\n".formatted(ANCHORS.getOrDefault(method, "")));
    Map<String, JsonNode> settings = MethodSettings.of(method, part);
    settings.remove(key);
    if (settings.isEmpty()) {
      page.append("No settings of its own.\n");
      return;
    }
    page.append("| setting | default | range |\n|---|---|---|\n");
    List<String> unbuilt = new ArrayList<>();
    List<String> unread = new ArrayList<>();
    settings.forEach(
        (name, schema) -> {
          if (schema.path("description").asString("").startsWith("not ")) {
            unbuilt.add(name);
          } else if (schema.isEmpty()) {
            unread.add(name);
          } else {
            row("`" + part + "." + name + "`", methodDefault(method, part, name), range(schema));
          }
        });
    if (!unbuilt.isEmpty() || !unread.isEmpty()) page.append("\n");
    unbuilt(part, unbuilt);
    if (unread.isEmpty()) return;
    page.append("Taken as PEFT writes it, and not read: ");
    page.append(code(unread.stream().map(name -> part + "." + name).toList()));
    page.append(".\n");
  }

  private static String methodDefault(String method, String part, String name) {
    if (method.equals("ADALORA") && name.equals("total_step")) return "must be given";
    JsonNode value = AcceptedSettings.byDefault(method, "sft", part, name);
    return value.isMissingNode() || value.isNull() ? "none" : value(value);
  }

  private static String value(JsonNode value) {
    if (value.isNumber()) return shown(value.doubleValue());
    if (value.isContainer()) return value.isEmpty() ? "none" : "`" + value + "`";
    return value.isString() ? "`" + value.stringValue() + "`" : value.toString();
  }

  private static String range(JsonNode schema) {
    if (schema.has("enum")) {
      return StreamSupport.stream(schema.get("enum").spliterator(), false)
          .filter(each -> !each.isNull())
          .map(SettingsPage::value)
          .collect(Collectors.joining(", "));
    }
    JsonNode types = schema.path("type");
    if (types.size() > 2) {
      return StreamSupport.stream(types.spliterator(), false)
          .map(JsonNode::asString)
          .filter(type -> !type.equals("null"))
          .map(type -> type.equals("array") ? "list" : type)
          .collect(Collectors.joining(", "));
    }
    if (schema.has("minimum")) {
      String words = AcceptedSettings.type(schema).equals("integer") ? "whole, " : "";
      double most = schema.get("maximum").doubleValue();
      if (schema.get("minimum").doubleValue() == Integer.MIN_VALUE) return "any whole number";
      String least = shown(schema.get("minimum").doubleValue());
      return most == Integer.MAX_VALUE
          ? words + "from " + least
          : words + least + " to " + shown(most);
    }
    return switch (AcceptedSettings.type(schema)) {
      case "boolean" -> "true, false";
      case "object" -> "an object";
      case "string" -> "a string";
      default -> any(schema);
    };
  }

  private static String any(JsonNode schema) {
    List<String> forms = new ArrayList<>();
    for (JsonNode each : schema.path("anyOf")) {
      if (each.has("pattern")) forms.add("`" + pattern(each.get("pattern").asString()) + "`");
      else if (each.has("enum") || each.has("minimum")) forms.add(range(each));
      else if (each.path("type").asString("").equals("array")) forms.add("a list of them");
    }
    return forms.isEmpty() ? "names of modules" : String.join(", ", forms);
  }

  private static String pattern(String pattern) {
    return pattern.contains("niter") ? "pissa_niter_N" : "module name";
  }

  private void row(String... cells) {
    page.append("| ").append(String.join(" | ", cells)).append(" |\n");
  }
}
