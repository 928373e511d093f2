package dev.graft.adapters;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What a request changes of an adapter: one thing, done whole in one transaction or not at all. */
sealed interface AdapterChange {
  /**
   * @param deprecation null = none any more
   */
  record Deprecate(@Nullable DeprecationRequest deprecation) implements AdapterChange {}

  /** Whether retention spares it. */
  record Keep(boolean keep) implements AdapterChange {}

  static AdapterChange of(JsonNode body) {
    for (String key : body.propertyNames()) {
      if (!key.equals(DeprecationRequest.NAME) && !key.equals("keep")) {
        throw DeprecationRequest.unknown(key);
      }
    }
    JsonNode keep = body.get("keep");
    JsonNode deprecation = body.get(DeprecationRequest.NAME);
    if (deprecation != null && keep != null) {
      throw RequestFailed.invalid("keep", "keep and deprecation are changed one after the other.");
    }
    if (deprecation != null) return new Deprecate(DeprecationRequest.of(deprecation));
    if (keep == null) {
      throw new RequestFailed(
          ProblemType.MISSING_PARAMETER,
          "Missing required parameter: 'deprecation' or 'keep'.",
          DeprecationRequest.NAME);
    }
    if (!keep.isBoolean()) throw RequestFailed.invalid("keep", "keep must be true or false.");
    return new Keep(keep.booleanValue());
  }
}
