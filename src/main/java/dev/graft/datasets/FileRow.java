package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.artifacts.BlobRef;
import dev.graft.datasets.FileValidation.ValidationResult;
import dev.graft.datasets.NewFile.FileOrigin.Remedied;
import dev.graft.platform.UnixTime;
import dev.graft.text.Example;
import dev.graft.text.RowConversion.RowFormat;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;

/**
 * A row of {@code file}; only the outcome of its validation is ever written later.
 *
 * @param blob its content; that of another, of which its own will be made, until it is processed
 * @param validation null before it, and where there is none
 * @param unpacked its rows, where it came packed, as Parquet or as CSV; null = the file itself
 * @param parent the file of whose rows it was made; null where it came from outside, or that was
 *     not noted
 * @param comparedWith as {@link NewFile.FileOrigin#validationFile}
 */
record FileRow(
    String id,
    String departmentId,
    String filename,
    String purpose,
    BlobRef blob,
    FileStatus status,
    @Nullable ValidationResult validation,
    @Nullable BlobRef unpacked,
    Instant createdAt,
    @Nullable Instant expiresAt,
    DecodingOptions options,
    @Nullable String parent,
    List<Remedied> remedied,
    @Nullable String comparedWith) {

  /** One that has just arrived. */
  static FileRow of(String id, NewFile file, BlobRef blob, Instant now) {
    NewFile.FileOrigin origin = file.origin();
    return new FileRow(
        id,
        file.departmentId(),
        file.filename(),
        file.purpose().wireName(),
        blob,
        FileStatus.UPLOADED,
        null,
        null,
        now,
        file.lifetime() == null ? null : now.plus(file.lifetime()),
        file.options(),
        origin == null ? null : origin.parent(),
        origin == null
            ? List.of()
            : origin.remedies().stream().map(each -> new Remedied(each, null)).toList(),
        origin == null ? null : origin.validationFile());
  }

  /** The file as it is without validation, such as one that Graft wrote itself. */
  FileRow processed() {
    return found(FileStatus.PROCESSED, blob, null, null, remedied);
  }

  public FileRow validated(FileValidation.CheckedFile checked) {
    ValidationResult result = checked.validation();
    FileStatus outcome = result.good() ? FileStatus.PROCESSED : FileStatus.ERROR;
    BlobRef rows = checked.rows();
    return isDerived() && rows != null
        ? found(outcome, rows, result, null, remedied.isEmpty() ? remedied : checked.remedied())
        : found(outcome, blob, result, rows, remedied);
  }

  private FileRow found(
      FileStatus outcome,
      BlobRef content,
      @Nullable ValidationResult result,
      @Nullable BlobRef rows,
      List<Remedied> done) {
    return new FileRow(
        id,
        departmentId,
        filename,
        purpose,
        content,
        outcome,
        result,
        rows,
        createdAt,
        expiresAt,
        options,
        parent,
        done,
        comparedWith);
  }

  public boolean has(FileStatus wanted) {
    return status == wanted;
  }

  public boolean is(NewFile.FilePurpose wanted) {
    return purpose.equals(wanted.wireName());
  }

  /** What is trained on. */
  public BlobRef rows() {
    return unpacked == null ? blob : unpacked;
  }

  /** Of its rows, where they can be made chat rows. */
  public @Nullable RowFormat rowFormat() {
    return validation == null ? null : validation.format();
  }

  private boolean isDerived() {
    return options.conversion() != null || !remedied.isEmpty();
  }

  /** What it is made of; null where it came from outside, or that was not noted. */
  public NewFile.@Nullable FileOrigin origin() {
    return parent == null
        ? null
        : new NewFile.FileOrigin(
            parent, remedied.stream().map(Remedied::remedy).toList(), comparedWith);
  }

  /** Whether its content is still another's, of which its own will be made. */
  public boolean isUnconverted() {
    return isDerived() && !has(FileStatus.PROCESSED);
  }

  /** One that is processed, of the purpose {@code fine-tune}. */
  TrainingFile trainingFile() {
    ValidationResult found = Objects.requireNonNull(validation);
    return new TrainingFile(
        id,
        departmentId,
        filename,
        rows().bytes(),
        rows().sha256(),
        found.examples(),
        found.longestRow(),
        found.kind());
  }

  /** OpenAI's file statuses; {@code UPLOADED} waits for validation. */
  enum FileStatus {
    UPLOADED,
    PROCESSED,
    ERROR;

    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

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
      List<FileValidation.LineProblem> errors,
      @Nullable String parent,
      List<NewFile.FileOrigin.Remedied> remedies) {
    /**
     * @param removedAt when its department's retention removes it, if there is a notice of that
     */
    static FileObject of(FileRow file, @Nullable Instant removedAt) {
      ValidationResult found = file.validation();
      List<FileValidation.LineProblem> problems = found == null ? List.of() : found.problems();
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
}
