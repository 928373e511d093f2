package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.io.InputStreamSource;
import org.springframework.stereotype.Component;

/** Validates training files: small ones while their upload waits, large ones afterwards. */
@Component
class FileValidation implements WorkKind {
  private static final Logger log = LoggerFactory.getLogger(FileValidation.class);

  /** What text shrinks to; only to guess how long unpacking it will take. */
  private static final int LIKELY_RATIO = 10;

  /**
   * A server reads one of a department at a time; what cannot be read for about an hour is given
   * up.
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
  private final FileRows rows;
  private final FileProperties settings;
  private final LeasedWork work;

  FileValidation(
      ArtifactStore store,
      TrainingRows trainingRows,
      RemediedRows remediedRows,
      FileRows rows,
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
   * What the content is, if it is small enough to find out now; else null, and it is work of this
   * kind. Throws {@link dev.graft.platform.RequestFailed} with the problems if it is not valid
   * training data; rows that can be converted are kept, so that they can be.
   *
   * @param bytes of the content
   * @param param the request field to name in the error
   */
  public @Nullable CheckedFile requireIfSmall(
      NewFile file, InputStreamSource content, long bytes, String param) throws IOException {
    if (file.purpose() == FilePurpose.USER_DATA) return null;
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
      @Nullable FileOrigin origin,
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
    FileRow file =
        rows.findById(claim.subject()).filter(row -> row.has(FileStatus.UPLOADED)).orElse(null);
    if (file == null) return;
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

  /** Whether the claim held; the file may have been deleted meanwhile. */
  private boolean record(WorkClaim claim, CheckedFile checked) {
    return work.done(
        claim,
        () -> {
          rows.findById(claim.subject()).map(row -> row.validated(checked)).ifPresent(rows::update);
          return true;
        });
  }
}
