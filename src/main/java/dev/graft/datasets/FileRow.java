package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import dev.graft.datasets.FileOrigin.Remedied;
import dev.graft.text.RowFormat;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code file}; only the outcome of its validation is ever written later.
 *
 * @param blob its content; that of another, of which its own will be made, until it is processed
 * @param validation null before it, and where there is none
 * @param unpacked its rows, where it came packed, as Parquet or as CSV; null = the file itself
 * @param parent the file of whose rows it was made; null where it came from outside, or that was
 *     not noted
 * @param comparedWith as {@link FileOrigin#validationFile}
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
    FileOrigin origin = file.origin();
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

  public FileRow validated(CheckedFile checked) {
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

  public boolean is(FilePurpose wanted) {
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
  public @Nullable FileOrigin origin() {
    return parent == null
        ? null
        : new FileOrigin(parent, remedied.stream().map(Remedied::remedy).toList(), comparedWith);
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
}
