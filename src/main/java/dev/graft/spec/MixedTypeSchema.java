package dev.graft.spec;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** JSON Schema of the fields that readers take as they come, because they may be of many types. */
final class MixedTypeSchema {
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

  /** Where a getter asks for one of the types alone. */
  private static final String ROWS = "trainable_token_indices";

  static {
    choices("lr_scheduler_type", LrSchedulerFields.TYPES);
    List<String> shapes = LrSchedulerFields.shapes();
    choices("warmup_type", shapes);
    choices("decay_type", shapes);
  }

  private MixedTypeSchema() {}

  private static void choices(String key, List<String> names) {
    ArrayNode choices = FIELDS.putObject(key).putArray("enum");
    names.forEach(choices::add);
    choices.addNull();
  }

  /** Says at every depth what no getter has said. */
  static void refine(ObjectNode properties) {
    for (String key : List.copyOf(properties.propertyNames())) {
      JsonNode property = properties.get(key);
      boolean open = property.path("properties").isEmpty() && !property.has("additionalProperties");
      boolean unsaid = property.isEmpty() || property.has("properties") && open;
      if (FIELDS.has(key) && (unsaid || key.equals(ROWS))) {
        properties.set(key, FIELDS.get(key).deepCopy());
      } else if (property.get("properties") instanceof ObjectNode inner) {
        refine(inner);
      }
    }
  }
}
