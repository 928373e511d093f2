package dev.graft.console;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * What was typed and chosen; empty fields are left to the server. Nothing is checked here: the API
 * does, and says where.
 *
 * @param config name of a preset or id of a configuration, or {@link #OWN}
 * @param settings the {@code adapter} as JSON, where config is {@link #OWN}
 * @param memory of each device, in GB
 * @param objective {@code supervised}, or another objective of an {@code adapter}
 */
record NewJobForm(
    String model,
    String trainingFile,
    @Nullable String validationFile,
    @Nullable String config,
    @Nullable String settings,
    @Nullable String objective,
    @Nullable String suffix,
    @Nullable String seed,
    @Nullable String epochs,
    @Nullable String batchSize,
    @Nullable String learningRateMultiplier,
    @Nullable String device,
    @Nullable String memory,
    @Nullable String capability,
    @Nullable String devices,
    @Nullable String workerClass) {

  /** As the API reads: of two values for one key nobody can know which is meant. */
  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final String SUPERVISED = "supervised";
  private static final Set<String> PAIRS = Set.of("dpo", "orpo");

  static final String OWN = "own";
  static final int SHOWN_ROWS = 3;

  /** The body of {@code POST /v1/fine_tuning/jobs}. */
  ObjectNode request() {
    ObjectNode request = JsonMapper.shared().createObjectNode();
    request.put("model", model).put("training_file", trainingFile);
    if (given(validationFile)) request.put("validation_file", validationFile);
    if (given(suffix)) request.put("suffix", suffix);
    if (given(seed)) request.set("seed", json("seed", seed));
    ObjectNode resources = resources();
    if (!resources.isEmpty()) request.set("resources", resources);
    String chosen = objective == null || objective.isBlank() ? SUPERVISED : objective;
    JsonNode adapter = adapter(chosen);
    if (!adapter.isNull()) request.set("adapter", adapter);
    String type = PAIRS.contains(chosen) ? "dpo" : SUPERVISED;
    ObjectNode numbers = JsonMapper.shared().createObjectNode();
    if (given(epochs)) numbers.set("n_epochs", json("n_epochs", epochs));
    if (given(batchSize)) numbers.set("batch_size", json("batch_size", batchSize));
    if (given(learningRateMultiplier)) {
      numbers.set(
          "learning_rate_multiplier", json("learning_rate_multiplier", learningRateMultiplier));
    }
    ObjectNode method = request.putObject("method").put("type", type);
    if (!numbers.isEmpty()) method.putObject(type).set("hyperparameters", numbers);
    return request;
  }

  private ObjectNode resources() {
    ObjectNode asked = JsonMapper.shared().createObjectNode();
    if (given(device)) asked.put("device", device);
    if (given(memory)) {
      JsonNode gigabytes = json("memory", memory);
      if (!gigabytes.isNumber()) throw refused("memory", "must be a number of GB");
      asked.put("memory", Math.round(gigabytes.doubleValue() * 1e9));
    }
    if (capability != null && given(capability)) asked.put("capability", capability.strip());
    if (given(devices)) asked.set("devices", json("devices", devices));
    if (workerClass != null && given(workerClass)) asked.put("worker_class", workerClass.strip());
    return asked;
  }

  /** What OpenAI has no {@code method.type} for, the {@code adapter} says. */
  private JsonNode adapter(String chosen) {
    boolean said = chosen.equals(SUPERVISED) || chosen.equals("dpo");
    if (OWN.equals(config)) {
      JsonNode own = json("adapter", settings);
      if (said || !(own instanceof ObjectNode object) || object.has("objective")) return own;
      return object.put("objective", chosen);
    }
    if (said) return given(config) ? StringNode.valueOf(config) : NullNode.getInstance();
    ObjectNode named = JsonMapper.shared().createObjectNode();
    if (given(config)) named.put("config", config);
    return named.put("objective", chosen);
  }

  private static boolean given(@Nullable String text) {
    return text != null && !text.isBlank();
  }

  private static JsonNode json(String field, @Nullable String text) {
    if (!given(text)) throw refused(field, "is empty");
    try {
      return STRICT.readTree(text);
    } catch (JacksonException e) {
      throw refused(field, "is not JSON: " + e.getOriginalMessage());
    }
  }

  private static PageRefused refused(String field, String message) {
    return new PageRefused(
        400, field + " " + message, List.of(new PageRefused.Detail(field, message)), null);
  }
}
