package dev.graft.spec;

import dev.graft.spec.Fields.FieldSchema;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON Schema (2020-12) of the {@code adapter} object of a request, with the names, types and
 * bounds that its readers use. Rules about several fields are not in it; they are checked when the
 * object is resolved.
 */
public final class AdapterSchema {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Settings with which the reader of a method reads fields that depend on other fields. */
  private static final Map<String, List<String>> EXAMPLES =
      Map.of(
          Lora.TYPE, List.of("\"init_lora_weights\": \"loftq\"", "\"init_lora_weights\": \"eva\""),
          AdaLora.TYPE, List.of("\"init_r\": 1024, \"total_step\": 9"),
          Prompted.PromptTuning.TYPE, List.of("\"prompt_tuning_init\": \"TEXT\""));

  private static final List<String> OWN = List.of("full", Freeze.TYPE, Bottleneck.TYPE);

  private static final ObjectNode SCHEMA = make();

  private AdapterSchema() {}

  /** Returns a copy of the schema. */
  public static ObjectNode json() {
    return SCHEMA.deepCopy();
  }

  private static ObjectNode make() {
    FieldSchema object = FieldSchema.ofObject();
    for (String request : requests()) ask(request, object);
    ObjectNode adapter = object.json();
    adapter.put("type", "object");
    ObjectNode properties = (ObjectNode) adapter.get("properties");
    MixedTypeSchema.refine(properties);
    ObjectNode schema = JSON.createObjectNode();
    schema.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    schema.put("title", "The adapter of a fine-tuning job");
    schema.put("description", "A preset, the id or name of a configuration, or the settings.");
    ArrayNode forms = schema.putArray("anyOf");
    forms.addObject().put("type", "string");
    forms.add(inherited(adapter));
    properties.remove(List.of("config", "version"));
    properties.set("peft", methods("peft_type", AdapterMethods.TYPES, "peft"));
    properties.set("method", methods("type", OWN, "method"));
    forms.add(adapter);
    return schema;
  }

  /**
   * Returns the schema for a configuration or an adapter to continue, whose method may be partial.
   */
  private static ObjectNode inherited(ObjectNode adapter) {
    ObjectNode inherited = adapter.deepCopy();
    ObjectNode properties = (ObjectNode) inherited.get("properties");
    for (String method : List.of("peft", "method")) {
      properties.putObject(method).putArray("type").add("object").add("null");
    }
    properties.set("config", JSON.readTree("{\"type\": \"string\"}"));
    properties.set("version", JSON.readTree("{\"type\": [\"integer\", \"null\"], \"minimum\": 1}"));
    properties.set("continue_from", JSON.readTree("{\"type\": \"string\"}"));
    ArrayNode either = inherited.putArray("anyOf");
    either.addObject().putArray("required").add("config");
    either.addObject().putArray("required").add("continue_from");
    return inherited;
  }

  /** Returns a schema for each type; a missing type is the first. */
  private static ObjectNode methods(String key, List<String> types, String place) {
    ObjectNode methods = JSON.createObjectNode();
    ArrayNode each = methods.putArray("anyOf");
    each.addObject().put("type", "null");
    for (String type : types) {
      FieldSchema asked = FieldSchema.ofObject();
      ask("{\"%s\": {\"%s\": \"%s\"}}".formatted(place, key, type), place, asked);
      for (String more : EXAMPLES.getOrDefault(type, List.of())) {
        ask("{\"%s\": {\"%s\": \"%s\", %s}}".formatted(place, key, type, more), place, asked);
      }
      ObjectNode method = asked.json();
      method.put("type", "object").put("title", type);
      ObjectNode properties = (ObjectNode) method.get("properties");
      MixedTypeSchema.refine(properties);
      ObjectNode chosen = properties.putObject(key).put("const", type);
      if (type.equals(Lora.TYPE)) {
        chosen.remove("const");
        chosen.putArray("enum").add(type).addNull();
      } else {
        method.putArray("required").add(key);
      }
      each.add(method);
    }
    return methods;
  }

  /** Returns requests that cover every choice outside of the methods. */
  private static List<String> requests() {
    List<String> requests = new ArrayList<>();
    for (String type : LrScheduler.Json.TYPES) {
      requests.add("{\"training\": {\"lr_scheduler_type\": \"%s\"}}".formatted(type));
    }
    for (String type : AdapterMethods.TYPES) {
      requests.add("{\"peft\": {\"peft_type\": \"%s\"}}".formatted(type));
    }
    for (Objective objective : Objective.values()) {
      requests.add("{\"objective\": \"%s\"}".formatted(objective.wireName()));
    }
    return requests;
  }

  private static void ask(String request, FieldSchema asked) {
    List<Problem> ignored = new ArrayList<>();
    Fields fields = new Fields(JSON.readTree(request), "adapter", ignored, asked);
    TrainingSpec.read(fields, HyperparameterAliases.NONE);
  }

  private static void ask(String request, String place, FieldSchema asked) {
    List<Problem> ignored = new ArrayList<>();
    Fields fields = new Fields(JSON.readTree(request).get(place), "", ignored, asked);
    if (place.equals("method")) AdapterMethods.method(fields);
    else AdapterMethods.peft(fields, HyperparameterAliases.NONE, AdapterMethods.DEFAULT);
  }

  /** JSON Schema of the fields that readers read as plain JSON, because they have several types. */
  static final class MixedTypeSchema {
    private static final ObjectNode FIELDS =
        (ObjectNode)
            JsonMapper.shared()
                .readTree(
                    """
                    {
                      "target_modules": {
                        "type": ["string", "array", "null"], "items": {"type": "string"},
                        "description": "all-linear, names, or an expression; null is the family's default"},
                      "exclude_modules": {"type": ["string", "array", "null"], "items": {"type": "string"}},
                      "feedforward_modules": {"type": ["string", "array", "null"], "items": {"type": "string"}},
                      "init_lora_weights": {"anyOf": [
                        {"enum": [true, false, "gaussian", "orthogonal", "pissa", "olora", "loftq", "eva", null]},
                        {"type": "string", "pattern": "^pissa_niter_[1-9][0-9]?$"}]},
                      "rank_pattern": {"type": ["object", "null"]},
                      "alpha_pattern": {
                        "type": ["object", "null"], "additionalProperties": {"type": ["number", "null"]}},
                      "trainable_token_indices": {
                        "type": ["integer", "array", "object", "null"], "minimum": 0,
                        "items": {"type": "integer", "minimum": 0}},
                      "bias": {"enum": ["none", "all", "vera_only", null]},
                      "init_weights": {"enum": ["zero", null]},
                      "prompt_tuning_init": {"enum": ["RANDOM", "SAMPLE_VOCAB", "TEXT", null]},
                      "prompt_tuning_init_text": {"type": ["string", "null"]},
                      "encoder_reparameterization_type": {"enum": ["MLP", "LSTM", null]}
                    }
                    """);

    /** A field for which the readers record only one of its types. */
    private static final String ROWS = "trainable_token_indices";

    static {
      choices("lr_scheduler_type", LrScheduler.Json.TYPES);
      List<String> shapes = LrScheduler.Json.shapes();
      choices("warmup_type", shapes);
      choices("decay_type", shapes);
    }

    private MixedTypeSchema() {}

    private static void choices(String key, List<String> names) {
      ArrayNode choices = FIELDS.putObject(key).putArray("enum");
      names.forEach(choices::add);
      choices.addNull();
    }

    /** Adds the fields of several types at every depth. */
    static void refine(ObjectNode properties) {
      for (String key : List.copyOf(properties.propertyNames())) {
        JsonNode property = properties.get(key);
        boolean open =
            property.path("properties").isEmpty() && !property.has("additionalProperties");
        boolean untyped = property.isEmpty() || property.has("properties") && open;
        if (FIELDS.has(key) && (untyped || key.equals(ROWS))) {
          properties.set(key, FIELDS.get(key).deepCopy());
        } else if (property.get("properties") instanceof ObjectNode inner) {
          refine(inner);
        }
      }
    }
  }
}
