package dev.graft.datasets;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.datasets.FileOrigin.Remedied;
import dev.graft.datasets.decoding.ColumnMapping;
import dev.graft.datasets.decoding.DecodingOptions;
import dev.graft.platform.UnixTime;
import dev.graft.text.row.Example;
import dev.graft.text.row.RowFormat;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** A row of {@code file}; only the outcome of its validation is ever written later. */
@Entity
@Table(name = "file")
public class FileRow {
  private static final JsonMapper JSON = new JsonMapper();

  @Id private String id;
  private String departmentId;
  private String filename;
  private String purpose;
  private long bytes;
  private String digest;
  private String status;
  private @Nullable Integer examples;
  private String problems;
  private Instant createdAt;
  private @Nullable Instant expiresAt;
  private @Nullable String columnMapping;
  private @Nullable String rowsDigest;
  private @Nullable Long rowsBytes;
  private @Nullable String kind;
  private @Nullable Integer longestRow;
  private @Nullable String rowFormat;
  private boolean ignoreUnknownKeys;
  private @Nullable String conversion;
  private @Nullable String parent;
  private @Nullable String remedies;
  private @Nullable String comparedWith;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected FileRow() {}

  FileRow(String id, NewFile file, BlobRef blob, Instant createdAt) {
    this.id = id;
    this.departmentId = file.departmentId();
    this.filename = file.filename();
    this.purpose = file.purpose().wireName();
    this.bytes = blob.bytes();
    this.digest = blob.sha256().hex();
    this.status = FileStatus.UPLOADED.wireName();
    this.problems = "[]";
    this.createdAt = createdAt;
    this.expiresAt = file.lifetime() == null ? null : createdAt.plus(file.lifetime());
    DecodingOptions options = file.options();
    this.columnMapping = ColumnMapping.write(options.columns());
    this.ignoreUnknownKeys = options.ignoreUnknownKeys();
    RowFormat from = options.conversion();
    this.conversion = from == null ? null : from.name();
    FileOrigin origin = file.origin();
    if (origin == null) return;
    this.parent = origin.parent();
    this.comparedWith = origin.validationFile();
    if (origin.remedies().isEmpty()) return;
    this.remedies =
        JSON.writeValueAsString(
            origin.remedies().stream().map(each -> new Remedied(each, null)).toList());
  }

  /** The file as it is without validation, such as one that Graft wrote itself. */
  FileRow processed() {
    status = FileStatus.PROCESSED.wireName();
    return this;
  }

  public FileRow validated(CheckedFile checked) {
    ValidationResult validation = checked.validation();
    status = (validation.good() ? FileStatus.PROCESSED : FileStatus.ERROR).wireName();
    examples = validation.examples();
    kind = validation.kind() == null ? null : validation.kind().name();
    longestRow = validation.longestRow();
    RowFormat format = validation.format();
    rowFormat = format == null ? null : format.name();
    problems = JSON.writeValueAsString(validation.problems());
    BlobRef rows = checked.rows();
    if (isDerived() && rows != null) {
      if (remedies != null) remedies = JSON.writeValueAsString(checked.remedied());
      digest = rows.sha256().hex();
      bytes = rows.bytes();
      return this;
    }
    rowsDigest = rows == null ? null : rows.sha256().hex();
    rowsBytes = rows == null ? null : rows.bytes();
    return this;
  }

  public boolean has(FileStatus wanted) {
    return status.equals(wanted.wireName());
  }

  public boolean is(FilePurpose wanted) {
    return purpose.equals(wanted.wireName());
  }

  public BlobRef blob() {
    return new BlobRef(new Digest(digest), bytes);
  }

  /** What is trained on: the file itself, unless it came packed, as Parquet or as CSV. */
  public BlobRef rows() {
    return rowsDigest == null || rowsBytes == null
        ? blob()
        : new BlobRef(new Digest(rowsDigest), rowsBytes);
  }

  public DecodingOptions options() {
    return new DecodingOptions(
        ColumnMapping.read(columnMapping),
        ignoreUnknownKeys,
        conversion == null ? null : RowFormat.valueOf(conversion));
  }

  /** Of its rows, where they can be made chat rows. */
  public @Nullable RowFormat rowFormat() {
    return rowFormat == null ? null : RowFormat.valueOf(rowFormat);
  }

  private boolean isDerived() {
    return conversion != null || remedies != null;
  }

  /** What it is made of; null where it came from outside, or that was not noted. */
  public @Nullable FileOrigin origin() {
    if (parent == null) return null;
    return new FileOrigin(parent, remedied().stream().map(Remedied::remedy).toList(), comparedWith);
  }

  private List<Remedied> remedied() {
    return remedies == null
        ? List.of()
        : JSON.readValue(remedies, new TypeReference<List<Remedied>>() {});
  }

  /** Whether its content is still another's, of which its own will be made. */
  public boolean isUnconverted() {
    return isDerived() && !has(FileStatus.PROCESSED);
  }

  public @Nullable Instant expiresAt() {
    return expiresAt;
  }

  ValidationResult validation() {
    return new ValidationResult(
        examples == null ? 0 : examples, kind(), longestRow, rowFormat(), problems());
  }

  private Example.@Nullable Kind kind() {
    return kind == null ? null : Example.Kind.valueOf(kind);
  }

  private List<LineProblem> problems() {
    return JSON.readValue(problems, new TypeReference<List<LineProblem>>() {});
  }

  TrainingFile trainingFile() {
    BlobRef rows = rows();
    return new TrainingFile(
        id,
        departmentId,
        filename,
        rows.bytes(),
        rows.sha256(),
        validation().examples(),
        longestRow,
        kind());
  }

  /**
   * @param removedAt when its department's retention removes it, if there is a notice of that
   */
  FileObject object(@Nullable Instant removedAt) {
    List<LineProblem> found = problems();
    Instant goneAt = goneAt(removedAt);
    RowFormat format = rowFormat();
    return new FileObject(
        id,
        "file",
        bytes,
        createdAt.getEpochSecond(),
        UnixTime.seconds(goneAt),
        filename,
        purpose,
        status,
        found.isEmpty() ? null : found.getFirst().toString(),
        digest,
        examples,
        kind == null ? null : kind.toLowerCase(Locale.ROOT),
        format == null ? null : format.wireName(),
        found,
        parent,
        remedied());
  }

  /** By its own time or its department's, whichever comes first. */
  private @Nullable Instant goneAt(@Nullable Instant removedAt) {
    if (expiresAt == null) return removedAt;
    return removedAt == null || expiresAt.isBefore(removedAt) ? expiresAt : removedAt;
  }

  public String id() {
    return id;
  }

  public String departmentId() {
    return departmentId;
  }

  public String filename() {
    return filename;
  }
}
