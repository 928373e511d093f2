package dev.graft.inference;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Of an answer that comes in chunks.
 *
 * @param includeUsage a last chunk without choices counts the tokens
 */
record StreamOptions(boolean includeUsage) {
  /** Null if the answer comes whole. */
  static @Nullable StreamOptions read(BodyFields fields) {
    boolean stream = fields.flag("stream");
    if (!fields.has("stream_options")) return stream ? new StreamOptions(false) : null;
    if (!stream)
      throw InferenceRefused.value("stream_options", "is for requests with stream: true");
    JsonNode options = fields.body().path("stream_options");
    if (!options.isObject()) throw InferenceRefused.value("stream_options", "must be an object");
    boolean usage = false;
    for (Map.Entry<String, JsonNode> each : options.properties()) {
      String path = "stream_options." + each.getKey();
      boolean known =
          each.getKey().equals("include_usage") || each.getKey().equals("include_obfuscation");
      if (!known) throw InferenceRefused.unknown(path);
      if (each.getValue().isNull()) continue;
      if (!each.getValue().isBoolean()) throw InferenceRefused.value(path, "must be true or false");
      if (each.getKey().equals("include_usage")) usage = each.getValue().booleanValue();
    }
    return new StreamOptions(usage);
  }
}
