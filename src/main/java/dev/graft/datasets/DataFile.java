package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.datasets.FileValidation.LineProblem;
import dev.graft.datasets.FileValidation.ValidationResult;
import dev.graft.datasets.NewFile.FileOrigin;
import dev.graft.datasets.NewFile.FileOrigin.Remedied;
import dev.graft.datasets.NewFile.FilePurpose;
import dev.graft.platform.AssignedId;
import dev.graft.platform.UnixTime;
import dev.graft.text.Example;
import dev.graft.text.RowConversion.RowFormat;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.EnumeratedValue;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import tools.jackson.databind.annotation.JsonNaming;
import tools.jackson.databind.json.JsonMapper;

/** A file of a department. After its creation only the outcome of its validation changes it. */
@Entity
@Table(name = "file")
@DynamicUpdate
class DataFile extends AssignedId {
  private static final JsonMapper JSON = JsonMapper.shared();

  private String departmentId;
  private String filename;

  @Enumerated(EnumType.STRING)
  private FilePurpose purpose;

  /** Of its content; until a derived file is processed, of the content that it is made from. */
  private String digest;

  private long bytes;

  @Enumerated(EnumType.STRING)
  private FileStatus status = FileStatus.UPLOADED;

  private Instant createdAt;
  private @Nullable Instant expiresAt;

  /** Null before validation and where there is none, as the next three. */
  private @Nullable Integer examples;

  @Enumerated(EnumType.STRING)
  private Example.@Nullable Kind kind;

  private @Nullable Integer longestRow;

  @Enumerated(EnumType.STRING)
  private @Nullable RowFormat rowFormat;

  /** JSON. */
  private String problems = "[]";

  /** Of the rows as JSONL where the file is packed, Parquet or CSV; null = the file itself. */
  private @Nullable String rowsDigest;

  private @Nullable Long rowsBytes;

  /** JSON of {@link DecodingOptions.CsvColumns}. */
  private @Nullable String columnMapping;

  private boolean ignoreUnknownKeys;

  @Enumerated(EnumType.STRING)
  private @Nullable RowFormat conversion;

  /** The file from whose rows it is made, or its import; null where it was uploaded. */
  private @Nullable String parent;

  /** JSON of {@link Remedied}s; null where there are none. */
  private @Nullable String remedies;

  /** As {@link FileOrigin#validationFile}. */
  private @Nullable String comparedWith;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected DataFile() {}

  DataFile(String id, NewFile file, BlobRef blob, Instant now) {
    super(id);
    this.departmentId = file.departmentId();
    this.filename = file.filename();
    this.purpose = file.purpose();
    this.digest = blob.sha256().hex();
    this.bytes = blob.bytes();
    this.createdAt = now;
    this.expiresAt = file.lifetime() == null ? null : now.plus(file.lifetime());
    DecodingOptions options = file.options();
    this.columnMapping = DecodingOptions.ColumnMapping.write(options.columns());
    this.ignoreUnknownKeys = options.ignoreUnknownKeys();
    this.conversion = options.conversion();
    FileOrigin origin = file.origin();
    if (origin == null) return;
    this.parent = origin.parent();
    this.comparedWith = origin.validationFile();
    if (origin.remedies().isEmpty()) return;
    this.remedies =
        JSON.writeValueAsString(
            origin.remedies().stream().map(each -> new Remedied(each, null)).toList());
  }

  /** Makes the file usable without a validation, such as one that Graft wrote itself. */
  void skipValidation() {
    status = FileStatus.PROCESSED;
  }

  void validated(FileValidation.CheckedFile checked) {
    ValidationResult result = checked.validation();
    boolean derived = isDerived();
    status = result.good() ? FileStatus.PROCESSED : FileStatus.ERROR;
    examples = result.examples();
    kind = result.kind();
    longestRow = result.longestRow();
    rowFormat = result.format();
    problems = JSON.writeValueAsString(result.problems());
    BlobRef rows = checked.rows();
    if (rows == null) return;
    if (derived) {
      digest = rows.sha256().hex();
      bytes = rows.bytes();
      if (remedies != null) remedies = JSON.writeValueAsString(checked.remedied());
    } else {
      rowsDigest = rows.sha256().hex();
      rowsBytes = rows.bytes();
    }
  }

  String departmentId() {
    return departmentId;
  }

  String filename() {
    return filename;
  }

  @Nullable Instant expiresAt() {
    return expiresAt;
  }

  boolean has(FileStatus wanted) {
    return status == wanted;
  }

  boolean is(FilePurpose wanted) {
    return purpose == wanted;
  }

  BlobRef blob() {
    return new BlobRef(new Digest(digest), bytes);
  }

  /** Returns the rows to train on. */
  BlobRef rows() {
    return rowsDigest == null || rowsBytes == null
        ? blob()
        : new BlobRef(new Digest(rowsDigest), rowsBytes);
  }

  /** Returns the format of rows that can be converted to chat rows, else null. */
  @Nullable RowFormat rowFormat() {
    return rowFormat;
  }

  /** Null before validation and where there is none. */
  @Nullable ValidationResult validation() {
    if (examples == null) return null;
    List<LineProblem> found = JSON.readValue(problems, new TypeReference<>() {});
    return new ValidationResult(examples, kind, longestRow, rowFormat, found);
  }

  DecodingOptions options() {
    return new DecodingOptions(
        DecodingOptions.ColumnMapping.read(columnMapping), ignoreUnknownKeys, conversion);
  }

  /** Null where the file was uploaded, or an older release did not record its origin. */
  @Nullable FileOrigin origin() {
    return parent == null
        ? null
        : new FileOrigin(parent, remedied().stream().map(Remedied::remedy).toList(), comparedWith);
  }

  private List<Remedied> remedied() {
    return remedies == null ? List.of() : JSON.readValue(remedies, new TypeReference<>() {});
  }

  private boolean isDerived() {
    return conversion != null || remedies != null;
  }

  /** Whether its content is still that of another file, from which its own will be made. */
  boolean isUnconverted() {
    return isDerived() && !has(FileStatus.PROCESSED);
  }

  /** Of a processed file with the purpose {@code fine-tune}. */
  TrainingFile trainingFile() {
    BlobRef rows = rows();
    return new TrainingFile(
        id(),
        departmentId,
        filename,
        rows.bytes(),
        rows.sha256(),
        Objects.requireNonNull(examples),
        longestRow,
        kind);
  }

  /**
   * @param removedAt when the department's retention removes it, if a notice has been sent
   */
  FileObject object(@Nullable Instant removedAt) {
    ValidationResult found = validation();
    List<LineProblem> lines = found == null ? List.of() : found.problems();
    boolean removedFirst =
        removedAt != null && (expiresAt == null || removedAt.isBefore(expiresAt));
    return new FileObject(
        id(),
        "file",
        bytes,
        createdAt.getEpochSecond(),
        UnixTime.seconds(removedFirst ? removedAt : expiresAt),
        filename,
        purpose.wireName(),
        status.wireName(),
        lines.isEmpty() ? null : lines.getFirst().toString(),
        digest,
        examples,
        kind == null ? null : kind.name().toLowerCase(Locale.ROOT),
        rowFormat == null ? null : rowFormat.wireName(),
        lines,
        parent,
        remedied());
  }

  /** OpenAI's file statuses; {@code UPLOADED} waits for validation. */
  enum FileStatus {
    UPLOADED,
    PROCESSED,
    ERROR;

    @EnumeratedValue private final String wireName = name().toLowerCase(Locale.ROOT);

    String wireName() {
      return wireName;
    }
  }

  /**
   * OpenAI's File object; {@code sha256, examples, kind, format, errors, parent, remedies} are
   * Graft's own. Its schema does not allow null for {@code expires_at} and {@code status_details}:
   * they are present or absent.
   *
   * @param createdAt Unix time in seconds, as {@code expiresAt}
   * @param expiresAt the earlier of its own time and that of its department's retention
   * @param statusDetails the first problem where the status is {@code error}
   * @param examples number of rows, null before validation
   * @param kind of its rows: {@code chat}, {@code label} and so on; null before validation
   * @param format of rows that can be converted to chat rows, by its wire name; else null
   * @param parent the file from whose rows it was made, or the import that fetched it; null where
   *     it was uploaded
   * @param remedies what was done to these rows
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
      List<Remedied> remedies) {}
}
