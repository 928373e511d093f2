package dev.graft.adapters;

import dev.graft.catalog.BaseModel;
import dev.graft.spec.TrainingSpec;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * A model on the wire.
 *
 * @param ownedBy the department, or {@code system} for a base model
 * @param baseModel what a fine-tuned model was trained on
 * @param contextLength tokens of a conversation, of a base model
 * @param task what it is asked for, in Hugging Face's words
 * @param aliasOf the model that an alias stands for; null of a model itself
 */
record ModelResource(
    String id,
    String object,
    long created,
    String ownedBy,
    @Nullable String baseModel,
    @Nullable Integer contextLength,
    String task,
    @Nullable String aliasOf) {
  private static final String GENERATION = "text-generation";
  private static final String CLASSIFICATION = "text-classification";

  static ModelResource of(BaseModel model) {
    return new ModelResource(
        model.name(),
        "model",
        model.createdAt().getEpochSecond(),
        "system",
        null,
        model.contextLength(),
        model.writesText() ? GENERATION : CLASSIFICATION,
        null);
  }

  /** The same under the name that it was asked for. */
  ModelResource as(String name) {
    return name.equals(id)
        ? this
        : new ModelResource(name, object, created, ownedBy, baseModel, contextLength, task, id);
  }

  /**
   * @param configuration of its job
   */
  static ModelResource of(
      String name, String baseModel, String configuration, Instant createdAt, String owner) {
    boolean labels =
        TrainingSpec.objective(JsonMapper.shared().readTree(configuration)).labelsRows();
    return new ModelResource(
        name,
        "model",
        createdAt.getEpochSecond(),
        owner,
        baseModel,
        null,
        labels ? CLASSIFICATION : GENERATION,
        null);
  }
}
