package dev.graft.catalog;

import org.jspecify.annotations.Nullable;

/**
 * An import as administrators see it.
 *
 * @param object always {@code base_model.import}
 * @param name of the base model to be
 * @param source {@code hf:organization/name}, with a revision if one was named, or a file's id
 * @param status {@code queued}, {@code running}, {@code succeeded}, {@code failed} or {@code
 *     cancelled}
 * @param bytes that are here
 * @param totalBytes of the model; null while that is not known
 * @param error why it failed; while it runs, what the last try met
 * @param createdAt Unix time in seconds, as {@code finishedAt}
 */
record ModelImport(
    String id,
    String object,
    String name,
    String source,
    String status,
    long bytes,
    @Nullable Long totalBytes,
    @Nullable String error,
    long createdAt,
    @Nullable Long finishedAt) {
  boolean ended() {
    return finishedAt != null;
  }
}
