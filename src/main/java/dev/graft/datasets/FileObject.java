package dev.graft.datasets;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * OpenAI's File object; {@code sha256, examples, errors} are Graft's own.
 *
 * @param createdAt Unix time in seconds, as {@code expiresAt}
 * @param statusDetails the first problem where the status is {@code error}
 * @param examples rows found, null before validation
 */
@JsonNaming(SnakeCaseStrategy.class)
record FileObject(
    String id,
    String object,
    long bytes,
    long createdAt,
    @Nullable Long expiresAt,
    String filename,
    String purpose,
    String status,
    @Nullable String statusDetails,
    String sha256,
    @Nullable Integer examples,
    List<Problem> errors) {}
