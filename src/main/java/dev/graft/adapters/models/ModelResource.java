package dev.graft.adapters.models;

import dev.graft.catalog.BaseModel;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A model on the wire.
 *
 * @param ownedBy the department, or {@code system} for a base model
 * @param baseModel what a fine-tuned model was trained on
 * @param contextLength tokens of a conversation, of a base model
 */
record ModelResource(
    String id,
    String object,
    long created,
    String ownedBy,
    @Nullable String baseModel,
    @Nullable Integer contextLength) {
  static ModelResource of(BaseModel model) {
    return new ModelResource(
        model.name(),
        "model",
        model.createdAt().getEpochSecond(),
        "system",
        null,
        model.contextLength());
  }

  static ModelResource of(String name, String baseModel, Instant createdAt, String owner) {
    return new ModelResource(name, "model", createdAt.getEpochSecond(), owner, baseModel, null);
  }
}
