package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.BlobTooLarge;
import dev.graft.datasets.NewFile.FileOrigin.Remedied;
import dev.graft.platform.ErrorDetail;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.text.Example;
import dev.graft.text.RowConversion.RowFormat;
import dev.graft.text.RowReader;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.InputStreamSource;
import org.springframework.stereotype.Component;

/** Validates training files: small ones during their upload, large ones afterwards. */
@Component
class FileValidation implements WorkKind {
  private static final Logger log = LoggerFactory.getLogger(FileValidation.class);

  /** Typical compression ratio of text, to estimate how long unpacking takes. */
  private static final int LIKELY_RATIO = 10;

  /**
   * A server validates one file of a department at a time. A file that cannot be read for about an
   * hour is given up.
   */
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          StoredFiles.VALIDATION,
          true,
          2,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(10, Duration.ofSeconds(10), Duration.ofMinutes(30)),
          Duration.ZERO);

  private final ArtifactStore store;
  private final TrainingRows trainingRows;
  private final RemediedRows remediedRows;
  private final DataFiles rows;
  private final FileProperties settings;
  private final LeasedWork work;

  FileValidation(
      ArtifactStore store,
      TrainingRows trainingRows,
      RemediedRows remediedRows,
      DataFiles rows,
      FileProperties settings,
      LeasedWork work) {
    this.store = store;
    this.trainingRows = trainingRows;
    this.remediedRows = remediedRows;
    this.rows = rows;
    this.settings = settings;
    this.work = work;
  }

  /**
   * Validates the content if it is small enough to do so now; otherwise returns null, and the file
   * is validated later. Throws {@link dev.graft.platform.RequestFailed} with the problems if it is
   * not valid training data, unless its rows can be converted.
   *
   * @param bytes of the content
   * @param param the request field to name in the error
   */
  public @Nullable CheckedFile requireIfSmall(
      NewFile file, InputStreamSource content, long bytes, String param) throws IOException {
    if (file.purpose() == NewFile.FilePurpose.USER_DATA) return null;
    FileFormat format = TrainingRows.format(content, file.filename(), file.options());
    long likely = bytes * (format.isPacked() ? LIKELY_RATIO : 1);
    if (likely > settings.validateInline().toBytes()) return null;
    CheckedFile checked = check(file.departmentId(), file.origin(), content, format);
    if (!checked.validation().good() && !checked.validation().convertible()) {
      throw checked.validation().refusal(param, "The file is not valid training data");
    }
    return checked;
  }

  private CheckedFile check(
      String departmentId,
      NewFile.@Nullable FileOrigin origin,
      InputStreamSource content,
      FileFormat format)
      throws IOException {
    return origin == null || origin.remedies().isEmpty()
        ? trainingRows.check(content, format)
        : remediedRows.check(departmentId, origin, content);
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException {
    DataFile file = rows.findById(claim.subject()).orElse(null);
    if (file == null || !file.has(DataFile.FileStatus.UPLOADED)) return;
    InputStreamSource content = () -> store.open(file.blob().sha256());
    FileFormat format = TrainingRows.format(content, file.filename(), file.options());
    CheckedFile checked = check(file.departmentId(), file.origin(), content, format);
    if (!record(claim, checked)) return;
    log.atInfo()
        .addKeyValue("file", file.id())
        .addKeyValue("examples", checked.validation().examples())
        .addKeyValue("problems", checked.validation().problems().size())
        .log("file_validated");
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    record(claim, TrainingRows.refused("the file could not be read; upload it again"));
  }

  /**
   * Records the result unless the file was deleted meanwhile; returns false if the claim was lost.
   */
  private boolean record(WorkClaim claim, CheckedFile checked) {
    return work.done(
        claim,
        () -> {
          rows.findToValidate(claim.subject()).ifPresent(file -> file.validated(checked));
          return true;
        });
  }

  /**
   * The result of validating a training file.
   *
   * @param kind of its rows; null if there are none, or an older release validated the file
   * @param longestRow bytes of the longest row as JSON; null as kind
   * @param format of its rows if they can be converted to chat rows; else null
   * @param problems the first ones, at most {@link RowReader#MAX_PROBLEMS}; empty if it is valid
   */
  record ValidationResult(
      int examples,
      Example.@Nullable Kind kind,
      @Nullable Integer longestRow,
      @Nullable RowFormat format,
      List<LineProblem> problems) {
    /** Reads the file to its end, or to its hundredth problem, in bounded memory. */
    public static ValidationResult of(InputStream in) throws IOException {
      RowReader.Summary read = RowReader.read(in, example -> {});
      List<LineProblem> problems =
          read.problems().stream().map(p -> new LineProblem(p.line(), p.message())).toList();
      Integer longest = read.longest() == 0 ? null : Integer.valueOf(read.longest());
      return new ValidationResult(
          Math.toIntExact(read.rows()), read.kind(), longest, read.format(), problems);
    }

    /** Returns the problems as an error: the first in the message, all as details. */
    public RequestFailed refusal(String param, String what) {
      return new RequestFailed(
          ProblemType.INVALID_FILE,
          what + ": " + problems.getFirst(),
          param,
          problems.stream().map(LineProblem::finding).toList());
    }

    /** Returns whether the rows are invalid but can be converted. */
    public boolean convertible() {
      return format == RowFormat.QUESTION_ANSWER && problems.size() == 1;
    }

    public boolean good() {
      return problems.isEmpty();
    }
  }

  /**
   * A problem of one line of a file; the message contains nothing of its content.
   *
   * @param line counted from 1; 0 for the file as a whole
   */
  record LineProblem(long line, String message) {
    ErrorDetail finding() {
      return new ErrorDetail(message, null, line == 0 ? null : line);
    }

    @Override
    public String toString() {
      return line == 0 ? message : "line " + line + ": " + message;
    }
  }

  /**
   * The result of reading a file to its end.
   *
   * @param rows its rows as a separate blob; null if the file itself consists of rows, or is
   *     invalid
   * @param remedied the remedies that were applied to make these rows
   */
  record CheckedFile(
      ValidationResult validation,
      @Nullable BlobRef rows,
      List<NewFile.FileOrigin.Remedied> remedied) {
    public CheckedFile(ValidationResult validation, @Nullable BlobRef rows) {
      this(validation, rows, List.of());
    }
  }

  /**
   * Reads training files of all formats. The rows of a packed, Parquet or CSV file become a
   * separate blob, because workers read only JSONL. Equal rows become the same blob, independent of
   * the format.
   */
  @Component
  static class TrainingRows {
    private final ArtifactStore store;
    private final FileProperties settings;

    TrainingRows(ArtifactStore store, FileProperties settings) {
      this.store = store;
      this.settings = settings;
    }

    static FileFormat format(InputStreamSource content, String filename, DecodingOptions options)
        throws IOException {
      try (InputStream in = content.getInputStream()) {
        return FileFormat.of(in, filename, options);
      }
    }

    /** Reads the file to its end, or to its hundredth problem, in bounded memory. */
    CheckedFile check(InputStreamSource content, FileFormat format) throws IOException {
      if (format.isRows()) {
        try (InputStream in = format.open(content.getInputStream())) {
          return new CheckedFile(ValidationResult.of(in), null);
        } catch (FileFormat.Undecodable bad) {
          return refused("the file " + bad.reason());
        }
      }
      if (!format.isReadFromItsEnd()) return check(content, 0, format);
      try (InputStream in = content.getInputStream();
          StagedBlob file = store.stage(in::transferTo, Long.MAX_VALUE)) {
        return check(file::open, file.ref().bytes(), format);
      }
    }

    private CheckedFile check(InputStreamSource content, long length, FileFormat format)
        throws IOException {
      List<RowReader.Problem> problems = new ArrayList<>();
      long most = settings.maxUnpacked().toBytes();
      try (StagedBlob rows =
              store.stage(out -> format.writeRows(content, length, out, problems), most);
          InputStream in = rows.open()) {
        return checked(problems, in, rows, List.of());
      } catch (FileFormat.Undecodable bad) {
        return refused("the file " + bad.reason());
      } catch (BlobTooLarge tooLarge) {
        return refused("the file unpacks to more than " + most + " bytes");
      }
    }

    /**
     * @param in the rows
     * @param remedied the remedies that were applied to make them
     */
    static CheckedFile checked(
        List<RowReader.Problem> problems, InputStream in, StagedBlob rows, List<Remedied> remedied)
        throws IOException {
      ValidationResult validation = merged(problems, ValidationResult.of(in));
      return new CheckedFile(validation, validation.good() ? rows.publish() : null, remedied);
    }

    static CheckedFile refused(String message) {
      return new CheckedFile(
          new ValidationResult(0, null, null, null, List.of(new LineProblem(0, message))), null);
    }

    private static ValidationResult merged(
        List<RowReader.Problem> decoding, ValidationResult rows) {
      if (decoding.isEmpty()) return rows;
      List<LineProblem> all =
          Stream.concat(
                  decoding.stream().map(p -> new LineProblem(p.line(), p.message())),
                  // a problem of the whole file, such as no rows, follows from those of the records
                  rows.problems().stream().filter(p -> p.line() > 0))
              .sorted(Comparator.comparingLong(LineProblem::line))
              .limit(RowReader.MAX_PROBLEMS)
              .toList();
      return new ValidationResult(
          rows.examples(), rows.kind(), rows.longestRow(), rows.format(), all);
    }
  }
}
