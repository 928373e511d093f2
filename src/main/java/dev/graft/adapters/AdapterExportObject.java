package dev.graft.adapters;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** An export as the API tells it. */
record AdapterExportObject(
    String id,
    String object,
    String adapterId,
    String form,
    JsonNode options,
    String status,
    long doneBytes,
    @Nullable Long totalBytes,
    String filename,
    @Nullable Long bytes,
    @Nullable String sha256,
    @Nullable String error,
    long createdAt,
    @Nullable Long finishedAt) {}
