package dev.graft.spec;

import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * JSON Schema (2020-12) of the {@code adapter} object of a request, made of what its readers ask
 * for: names, types and bounds are theirs. What holds between several fields is not in it, and is
 * said when the object is resolved.
 */
public final class AdapterSchema {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** What a reader must see to ask for all its fields: it follows one choice at a time. */
  private static final Map<String, List<String>> ASKING =
      Map.of(
          LoraFields.TYPE,
              List.of("\"init_lora_weights\": \"loftq\"", "\"init_lora_weights\": \"eva\""),
          AdaLoraFields.TYPE, List.of("\"init_r\": 1024, \"total_step\": 9"),
          PromptFields.PROMPT, List.of("\"prompt_tuning_init\": \"TEXT\""));

  private static final List<String> OWN = List.of("full", FreezeFields.TYPE, BottleneckFields.TYPE);

  private static final ObjectNode SCHEMA = make();

  private AdapterSchema() {}

  /** The schema, a copy. */
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

  /** One that goes on from a configuration or an adapter: its method may be said in part. */
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

  /** One schema a type; a missing type is the first. */
  private static ObjectNode methods(String key, List<String> types, String place) {
    ObjectNode methods = JSON.createObjectNode();
    ArrayNode each = methods.putArray("anyOf");
    each.addObject().put("type", "null");
    for (String type : types) {
      FieldSchema asked = FieldSchema.ofObject();
      ask("{\"%s\": {\"%s\": \"%s\"}}".formatted(place, key, type), place, asked);
      for (String more : ASKING.getOrDefault(type, List.of())) {
        ask("{\"%s\": {\"%s\": \"%s\", %s}}".formatted(place, key, type, more), place, asked);
      }
      ObjectNode method = asked.json();
      method.put("type", "object").put("title", type);
      ObjectNode properties = (ObjectNode) method.get("properties");
      MixedTypeSchema.refine(properties);
      ObjectNode chosen = properties.putObject(key).put("const", type);
      if (type.equals(LoraFields.TYPE)) {
        chosen.remove("const");
        chosen.putArray("enum").add(type).addNull();
      } else {
        method.putArray("required").add(key);
      }
      each.add(method);
    }
    return methods;
  }

  /** Requests that lead through every choice outside of the methods. */
  private static List<String> requests() {
    List<String> requests = new ArrayList<>();
    for (String type : LrSchedulerFields.TYPES) {
      requests.add("{\"training\": {\"lr_scheduler_type\": \"%s\"}}".formatted(type));
    }
    for (String type : AdapterMethods.TYPES) {
      requests.add("{\"peft\": {\"peft_type\": \"%s\"}}".formatted(type));
    }
    for (Objective objective : Objective.values()) {
      requests.add("{\"objective\": \"%s\"}".formatted(objective.name().toLowerCase(Locale.ROOT)));
    }
    return requests;
  }

  private static void ask(String request, FieldSchema asked) {
    List<Problem> ignored = new ArrayList<>();
    Fields fields = new Fields(JSON.readTree(request), "adapter", ignored, asked);
    TrainingSpecs.read(fields, HyperparameterAliases.NONE);
  }

  private static void ask(String request, String place, FieldSchema asked) {
    List<Problem> ignored = new ArrayList<>();
    Fields fields = new Fields(JSON.readTree(request).get(place), "", ignored, asked);
    if (place.equals("method")) AdapterMethods.method(fields);
    else AdapterMethods.peft(fields, HyperparameterAliases.NONE, MethodFields.DEFAULT);
  }
}
