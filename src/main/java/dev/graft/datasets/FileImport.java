package dev.graft.datasets;

import org.jspecify.annotations.Nullable;

/**
 * An import as its department sees it.
 *
 * @param object always {@code file.import}
 * @param source as it was asked for; of the hub with the commit, once that is known
 * @param filename of the file to be
 * @param status {@code queued}, {@code running}, {@code succeeded}, {@code failed} or {@code
 *     cancelled}
 * @param bytes that are here
 * @param totalBytes of the source; null while that is not known
 * @param fileId the file that it became, which may be gone
 * @param error why it failed; while it runs, what the last try met
 * @param createdAt Unix time in seconds, as {@code finishedAt}
 */
record FileImport(
    String id,
    String object,
    String source,
    String filename,
    String purpose,
    String status,
    long bytes,
    @Nullable Long totalBytes,
    @Nullable String fileId,
    @Nullable String error,
    long createdAt,
    @Nullable Long finishedAt) {}
