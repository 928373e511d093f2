package dev.graft.jobs;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.EvaluationOptions;
import dev.graft.spec.Preference;
import dev.graft.spec.Resources;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The body of {@code POST /v1/fine_tuning/jobs}, checked as far as possible without a look-up. An
 * unknown key is refused, never ignored.
 *
 * @param resources as asked
 * @param learningRateMultiplier as asked, 1 if not; the rate itself is in {@code spec}
 * @param asksMaxLength whether the length limit was asked for, or is a default
 */
record JobRequest(
    String model,
    String trainingFile,
    @Nullable String validationFile,
    @Nullable String suffix,
    int priority,
    Resources resources,
    @Nullable JsonNode metadata,
    double learningRateMultiplier,
    boolean asksMaxLength,
    TrainingSpec spec) {
  private static final Set<String> KEYS =
      Set.of(
          "model",
          "training_file",
          "validation_file",
          "suffix",
          "seed",
          "method",
          "hyperparameters",
          "adapter",
          "metadata",
          "integrations",
          "priority",
          "resources");
  private static final int MOST_METADATA = 16;
  private static final int LONGEST_METADATA_KEY = 64;
  private static final int LONGEST_METADATA_VALUE = 512;

  /**
   * @throws SpecRejected with every problem, each at its path
   */
  static JobRequest read(JsonNode body) {
    List<Problem> problems = new ArrayList<>();
    if (!body.isObject()) {
      throw new SpecRejected(List.of(new Problem("body", "must be a JSON object")));
    }
    for (String key : body.propertyNames()) {
      if (!KEYS.contains(key)) problems.add(TrainingSpec.unknown(key, KEYS));
    }
    String model = required(body, "model", problems);
    String trainingFile = required(body, "training_file", problems);
    String validationFile = text(body, "validation_file", problems);
    String suffix = suffix(body, problems);
    refuseIntegrations(body, problems);
    JsonNode metadata = metadata(body, problems);
    int priority = priority(body, problems);
    Resources resources = Resources.read(value(body, "resources"), problems);
    TrainingSpec spec = spec(body, problems);
    if (validationFile != null && spec != null && spec.training().evaluation().heldOut() > 0) {
      problems.add(new Problem("adapter.training.held_out", EvaluationOptions.ONE_OF_TWO));
    }
    if (spec == null || !problems.isEmpty()) throw new SpecRejected(problems);
    double multiplier = learningRateMultiplier(body);
    return new JobRequest(
        model,
        trainingFile,
        validationFile,
        suffix,
        priority,
        resources,
        metadata,
        multiplier,
        body.at("/adapter/training/max_length").isNumber(),
        spec);
  }

  private static @Nullable TrainingSpec spec(JsonNode body, List<Problem> problems) {
    try {
      return TrainingSpec.resolve(
          value(body, "adapter"),
          value(body, "method"),
          value(body, "hyperparameters"),
          value(body, "seed"));
    } catch (SpecRejected rejected) {
      problems.addAll(rejected.problems());
      return null;
    }
  }

  private static String required(JsonNode body, String key, List<Problem> problems) {
    String value = text(body, key, problems);
    if (value != null && !value.isBlank()) return value;
    if (value != null || value(body, key) == null) problems.add(new Problem(key, "required"));
    return "";
  }

  private static @Nullable String text(JsonNode body, String key, List<Problem> problems) {
    JsonNode value = value(body, key);
    if (value == null) return null;
    if (value.isString()) return value.stringValue();
    problems.add(new Problem(key, "must be a string"));
    return null;
  }

  private static @Nullable String suffix(JsonNode body, List<Problem> problems) {
    String suffix = text(body, "suffix", problems);
    if (suffix == null || suffix.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) return suffix;
    problems.add(
        new Problem(
            "suffix",
            "must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-', and begin with a letter or digit"));
    return null;
  }

  private static void refuseIntegrations(JsonNode body, List<Problem> problems) {
    JsonNode integrations = value(body, "integrations");
    if (integrations == null || integrations.isArray() && integrations.isEmpty()) return;
    String type = integrations.path(0).path("type").asString("");
    problems.add(
        new Problem(
            "integrations[0].type",
            type.equals("wandb")
                ? "wandb is not supported; the job's events have the metrics"
                : "is not supported: there are no integrations"));
  }

  private static @Nullable JsonNode metadata(JsonNode body, List<Problem> problems) {
    JsonNode metadata = value(body, "metadata");
    if (metadata == null) return null;
    if (!metadata.isObject() || metadata.size() > MOST_METADATA) {
      problems.add(new Problem("metadata", "must be an object of at most 16 pairs"));
      return null;
    }
    metadata
        .properties()
        .forEach(
            pair -> {
              String value = pair.getValue().isString() ? pair.getValue().stringValue() : null;
              if (pair.getKey().length() > LONGEST_METADATA_KEY
                  || value == null
                  || value.length() > LONGEST_METADATA_VALUE) {
                problems.add(
                    new Problem(
                        "metadata." + shortened(pair.getKey()),
                        "must have a key of at most 64 characters and a string of at most 512"));
              }
            });
    return metadata;
  }

  private static String shortened(String key) {
    return key.length() <= LONGEST_METADATA_KEY ? key : key.substring(0, LONGEST_METADATA_KEY);
  }

  private static int priority(JsonNode body, List<Problem> problems) {
    JsonNode priority = value(body, "priority");
    if (priority == null) return 0;
    if (priority.isIntegralNumber()
        && priority.canConvertToInt()
        && Math.abs((long) priority.intValue()) <= 100) {
      return priority.intValue();
    }
    problems.add(new Problem("priority", "must be a whole number from -100 to 100"));
    return 0;
  }

  /** Only for the echo: the specification already has the rate itself. */
  private static double learningRateMultiplier(JsonNode body) {
    for (String place : List.of("/method/supervised", "/method/dpo", "")) {
      JsonNode given = body.at(place + "/hyperparameters/learning_rate_multiplier");
      if (given.isNumber()) return given.doubleValue();
    }
    return 1;
  }

  private static @Nullable JsonNode value(JsonNode body, String key) {
    JsonNode value = body.get(key);
    return value == null || value.isNull() ? null : value;
  }

  /** Returns OpenAI's {@code method} for the echo: both objectives of pairs are its {@code dpo}. */
  ObjectNode method() {
    Preference preference = spec.preference();
    ObjectNode hyperparameters = hyperparameters();
    if (preference != null) number(hyperparameters, "beta", preference.beta());
    String type = preference == null ? "supervised" : "dpo";
    ObjectNode method = JsonMapper.shared().createObjectNode().put("type", type);
    method.putObject(type).set("hyperparameters", hyperparameters);
    return method;
  }

  /**
   * Returns OpenAI's three hyperparameters for the echo: {@code auto} becomes the value that runs.
   */
  ObjectNode hyperparameters() {
    Hyperparameters training = spec.training();
    ObjectNode json = JsonMapper.shared().createObjectNode();
    json.put(
        "batch_size",
        training.batching().perDeviceTrainBatchSize()
            * training.batching().gradientAccumulationSteps());
    number(json, "learning_rate_multiplier", learningRateMultiplier);
    number(json, "n_epochs", training.schedule().numTrainEpochs());
    return json;
  }

  private static void number(ObjectNode json, String name, double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e9) json.put(name, (long) value);
    else json.put(name, value);
  }
}
