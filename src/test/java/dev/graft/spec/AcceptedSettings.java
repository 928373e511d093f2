package dev.graft.spec;

import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.graft.spec.TrainingSpec.Objective;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What the readers of a request take, found by asking them: for the page that lists it. */
final class AcceptedSettings {
  static final JsonMapper JSON = JsonMapper.shared();
  static final List<String> OWN = List.of("full", "freeze", "bottleneck");
  static final List<String> OBJECTIVES =
      Arrays.stream(Objective.values()).map(each -> each.name().toLowerCase(Locale.ROOT)).toList();

  private static final String LOFTQ = "{\"peft\": {\"init_lora_weights\": \"loftq\"}}";
  private static final String EVA = "{\"peft\": {\"init_lora_weights\": \"eva\"}}";
  private static final String FOUR_BIT = "{\"quantization\": {\"load_in_4bit\": true}}";

  /** What a setting needs beside it to mean anything. */
  private static final Map<String, String> NEEDS =
      Map.ofEntries(
          Map.entry(
              "training.loraplus_lr_embedding", "{\"training\": {\"loraplus_lr_ratio\": 16}}"),
          Map.entry("peft.loftq_config.loftq_bits", LOFTQ),
          Map.entry("training.early_stopping_patience", "{\"training\": {\"eval_steps\": 5}}"),
          Map.entry("training.load_best_model_at_end", "{\"training\": {\"eval_steps\": 5}}"),
          Map.entry("training.packing_strategy", "{\"training\": {\"packing\": true}}"),
          Map.entry("quantization.bnb_4bit_quant_type", FOUR_BIT),
          Map.entry("quantization.bnb_4bit_use_double_quant", FOUR_BIT),
          Map.entry("quantization.bnb_4bit_compute_dtype", FOUR_BIT),
          Map.entry("output.trained_form", "{\"peft\": {\"init_lora_weights\": \"pissa\"}}"),
          Map.entry("peft.eva_config.rho", EVA),
          Map.entry("peft.eva_config.tau", EVA),
          Map.entry("peft.eva_config.use_label_mask", EVA),
          Map.entry("peft.eva_config.label_mask_value", EVA),
          Map.entry("peft.eva_config.whiten", EVA),
          Map.entry("peft.eva_config.adjust_scaling_factors", EVA),
          Map.entry("peft.loftq_config.loftq_iter", LOFTQ));

  private AcceptedSettings() {}

  /** {@code peft_type} or {@code type} of every method. */
  static List<String> methods() {
    List<String> methods = new ArrayList<>(AdapterMethods.TYPES);
    methods.addAll(OWN);
    return methods;
  }

  /** The least that asks for a method and an objective. */
  static ObjectNode request(String method, String objective) {
    ObjectNode adapter = JSON.createObjectNode().put("objective", objective);
    if (OWN.contains(method)) {
      adapter.putObject("method").put("type", method);
    } else {
      ObjectNode peft = adapter.putObject("peft").put("peft_type", method);
      if (method.equals("ADALORA")) peft.put("total_step", 9);
    }
    return adapter;
  }

  /** Everything at its default. */
  static JsonNode defaults(String method, String objective) {
    return TrainingSpec.toJson(TrainingSpec.resolve(request(method, objective), null, null, null));
  }

  /** The default of a setting, where what it needs is said; missing or null where it has none. */
  static JsonNode byDefault(String method, String objective, String part, String name) {
    ObjectNode adapter = request(method, objective);
    String needs = NEEDS.get(part + "." + name);
    if (needs != null) merge(adapter, (ObjectNode) JSON.readTree(needs));
    if (!problems(adapter).isEmpty()) return JSON.missingNode();
    JsonNode value =
        TrainingSpec.toJson(TrainingSpec.resolve(adapter, null, null, null)).path(part);
    for (String key : name.split("\\.")) value = value.path(key);
    return value;
  }

  /** What is asked for of one object of {@code adapter}, such as {@code training}: its schemas. */
  static Map<String, JsonNode> of(String part, ObjectNode request) {
    Fields.FieldSchema asked = Fields.FieldSchema.ofObject();
    TrainingSpec.read(
        new Fields(request, "adapter", new ArrayList<>(), asked), HyperparameterAliases.NONE);
    ObjectNode properties = (ObjectNode) asked.json().get("properties");
    AdapterSchema.MixedTypeSchema.refine(properties);
    Map<String, JsonNode> settings = new LinkedHashMap<>();
    JsonNode object = properties.path(part).path("properties");
    for (String name : object.propertyNames()) settings.put(name, object.get(name));
    return settings;
  }

  /** The schema of one of them. */
  static JsonNode one(String part, String name, ObjectNode request) {
    return Objects.requireNonNull(of(part, request).get(name));
  }

  /** What is wrong with a request, by its path. */
  static Map<String, String> problems(JsonNode adapter) {
    SpecRejected rejected =
        catchThrowableOfType(
            SpecRejected.class, () -> TrainingSpec.resolve(adapter, null, null, null));
    Map<String, String> problems = new LinkedHashMap<>();
    if (rejected != null) rejected.problems().forEach(p -> problems.put(p.path(), p.message()));
    return problems;
  }

  /** Whether a value that is not the default passes for a method and an objective. */
  static boolean takes(String method, String objective, String part, String name, JsonNode schema) {
    if (!problems(request(method, objective)).isEmpty()) return false;
    JsonNode byDefault = byDefault(method, objective, part, name);
    return candidates(schema).stream()
        .filter(value -> !same(value, byDefault))
        .anyMatch(value -> passes(with(method, objective, part, name, value), part));
  }

  private static boolean same(JsonNode one, JsonNode other) {
    if (other.isMissingNode() && one.isBoolean()) return !one.booleanValue();
    return one.isNumber() && other.isNumber()
        ? one.doubleValue() == other.doubleValue()
        : one.equals(other);
  }

  /** A combination that is refused is told at the one or the other of its settings. */
  private static boolean passes(ObjectNode adapter, String part) {
    return problems(adapter).keySet().stream().noneMatch(at -> at.startsWith("adapter." + part));
  }

  private static ObjectNode with(
      String method, String objective, String part, String name, JsonNode value) {
    ObjectNode adapter = request(method, objective);
    String needs = NEEDS.get(part + "." + name);
    if (needs != null) merge(adapter, (ObjectNode) JSON.readTree(needs));
    adapter.withObject(part).set(name, value);
    return adapter;
  }

  private static void merge(ObjectNode target, ObjectNode more) {
    for (String key : more.propertyNames()) {
      // another method's settings would be another problem
      if (key.equals("peft")
          && !target.path("peft").path("peft_type").asString("").equals("LORA")) {
        continue;
      }
      target.withObject(key).setAll((ObjectNode) more.get(key));
    }
  }

  private static List<JsonNode> candidates(JsonNode schema) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    List<JsonNode> values = new ArrayList<>();
    schema.path("enum").forEach(each -> addUnlessNull(values, each));
    String type = type(schema);
    if (type.equals("boolean"))
      values.addAll(List.of(json.booleanNode(true), json.booleanNode(false)));
    if (schema.has("minimum")) {
      double least = schema.get("minimum").doubleValue();
      double most = schema.get("maximum").doubleValue();
      for (double each : new double[] {0.05, 0.4, 1, 2, 16, least, most}) {
        if (each < least || each > most) continue;
        boolean whole = type.equals("integer");
        if (whole && each != Math.rint(each)) continue;
        values.add(whole ? json.numberNode((long) each) : json.numberNode(each));
      }
    }
    return values;
  }

  private static void addUnlessNull(List<JsonNode> values, JsonNode each) {
    if (!each.isNull()) values.add(each);
  }

  /** The type of the values, if it is one. */
  static String type(JsonNode schema) {
    JsonNode type = schema.path("type");
    return type.isArray() ? type.path(0).asString("") : type.asString("");
  }
}
