package dev.graft.datasets;

import org.jspecify.annotations.Nullable;

/**
 * OpenAI's Upload object.
 *
 * @param bytes as announced
 * @param createdAt Unix time in seconds, as {@code expiresAt}
 * @param file what it became, once it is completed and as long as that exists
 */
record UploadObject(
    String id,
    String object,
    long bytes,
    long createdAt,
    long expiresAt,
    String filename,
    String purpose,
    String status,
    @Nullable FileObject file) {}
