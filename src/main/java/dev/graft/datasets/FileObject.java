package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.UnixTime;
import dev.graft.text.Example;
import dev.graft.text.RowFormat;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * OpenAI's File object; {@code sha256, examples, kind, format, errors, parent, remedies} are
 * Graft's own. Its schema has no null for {@code expires_at} and {@code status_details}: they are
 * there or not.
 *
 * @param createdAt Unix time in seconds, as {@code expiresAt}
 * @param statusDetails the first problem where the status is {@code error}
 * @param examples rows found, null before validation
 * @param kind of its rows: {@code chat}, {@code label} and so on; null before validation
 * @param format of rows that can be made chat rows, by its wire name; else null
 * @param parent the file of whose rows it was made, or the import that fetched it; null where it
 *     was uploaded
 * @param remedies what was done about them
 */
@JsonNaming(SnakeCaseStrategy.class)
record FileObject(
    String id,
    String object,
    long bytes,
    long createdAt,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Long expiresAt,
    String filename,
    String purpose,
    String status,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String statusDetails,
    String sha256,
    @Nullable Integer examples,
    @Nullable String kind,
    @Nullable String format,
    List<LineProblem> errors,
    @Nullable String parent,
    List<FileOrigin.Remedied> remedies) {
  /**
   * @param removedAt when its department's retention removes it, if there is a notice of that
   */
  static FileObject of(FileRow file, @Nullable Instant removedAt) {
    ValidationResult found = file.validation();
    List<LineProblem> problems = found == null ? List.of() : found.problems();
    Example.Kind kind = found == null ? null : found.kind();
    RowFormat format = file.rowFormat();
    return new FileObject(
        file.id(),
        "file",
        file.blob().bytes(),
        file.createdAt().getEpochSecond(),
        UnixTime.seconds(goneAt(file.expiresAt(), removedAt)),
        file.filename(),
        file.purpose(),
        file.status().wireName(),
        problems.isEmpty() ? null : problems.getFirst().toString(),
        file.blob().sha256().hex(),
        found == null ? null : found.examples(),
        kind == null ? null : kind.name().toLowerCase(Locale.ROOT),
        format == null ? null : format.wireName(),
        problems,
        file.parent(),
        file.remedied());
  }

  /** By its own time or its department's, whichever comes first. */
  private static @Nullable Instant goneAt(
      @Nullable Instant expiresAt, @Nullable Instant removedAt) {
    if (expiresAt == null) return removedAt;
    return removedAt == null || expiresAt.isBefore(removedAt) ? expiresAt : removedAt;
  }
}
