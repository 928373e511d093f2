package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.ContinuedMethod;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a job gets from the model that it continues from.
 *
 * @param base manifest of the directory that takes the base model's place
 * @param start manifest of the directory whose weights training begins with; null where {@code
 *     base} has them already, as after full fine-tuning
 * @param saved method of the adapter in {@code start}; null where whole models are trained
 */
record ContinuedTraining(
    ParentModel parent, Digest base, @Nullable Digest start, @Nullable AdapterMethod saved) {
  private static final JsonMapper JSON = JsonMapper.shared();

  /**
   * The body of a request with what is inherited in its {@code adapter}.
   *
   * @throws SpecRejected with what contradicts the parent
   */
  ObjectNode into(JsonNode body) {
    ObjectNode whole = (ObjectNode) body.deepCopy();
    JsonNode configuration = JSON.readTree(parent.configuration());
    ObjectNode adapter =
        saved == null
            ? wholeModel(whole.get("adapter"), configuration)
            : new ContinuedMethod(saved, asked()).into(whole.get("adapter"));
    inherit("quantization", configuration, adapter);
    objective(configuration, adapter);
    return whole.set("adapter", adapter);
  }

  /** A base that was quantised stays so, unless the request says {@code null}. */
  private static void inherit(String key, JsonNode configuration, ObjectNode adapter) {
    if (!adapter.has(key) && configuration.hasNonNull(key))
      adapter.set(key, configuration.get(key));
  }

  /** A head for labels stays one for the same labels; other objectives are the job's own. */
  private static void objective(JsonNode configuration, ObjectNode adapter) {
    String before = configuration.path("objective").asString("sft");
    String now = adapter.path("objective").asString("");
    boolean labelled = TrainingSpec.objective(configuration).labelsRows();
    if (now.isEmpty() && labelled) adapter.put("objective", before);
    else if (!now.equals(before) && (labelled || TrainingSpec.objective(adapter).labelsRows())) {
      throw refused(
          "adapter.objective",
          "is %s, but the model that training continues from was trained for %s"
              .formatted(now, before));
    }
  }

  private @Nullable AdapterMethod asked() {
    try {
      return TrainingSpec.resolve(JSON.readTree(parent.configuration()), null, null, null).method();
    } catch (SpecRejected olderRelease) {
      return null;
    }
  }

  /** Any parameters of a result may train on; of a checkpoint, those that it has. */
  private ObjectNode wholeModel(@Nullable JsonNode given, JsonNode configuration) {
    ObjectNode adapter =
        given instanceof ObjectNode object ? object.deepCopy() : JSON.createObjectNode();
    if (given != null && !given.isNull() && !given.isObject()) {
      throw refused("adapter", "must be an object");
    }
    if (adapter.hasNonNull("peft")) {
      throw refused(
          "adapter.peft",
          "must be left out: %s is a whole model, so training continues with adapter.method"
              .formatted(parent.name()));
    }
    JsonNode own = configuration.path("method");
    if (!adapter.hasNonNull("method")) adapter.set("method", own);
    else if (start != null && !adapter.get("method").equals(own)) {
      throw refused("adapter.method", "must be that of the checkpoint, %s".formatted(own));
    }
    return adapter;
  }

  private static SpecRejected refused(String path, String message) {
    return new SpecRejected(List.of(new Problem(path, message)));
  }
}
