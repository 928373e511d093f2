package dev.graft.console;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Another form of an adapter, made or in the making, as the API tells it. */
record ExportView(
    String id,
    String form,
    JsonNode options,
    String status,
    long doneBytes,
    @Nullable Long totalBytes,
    @Nullable Long bytes,
    @Nullable String error) {
  public boolean ended() {
    return status.equals("succeeded") || status.equals("failed");
  }

  /** Form and type, as they are chosen. */
  public String choice() {
    String type = options.path("type").asString(options.path("combination_type").asString(""));
    return type.isEmpty() ? form : form + " " + type;
  }
}
