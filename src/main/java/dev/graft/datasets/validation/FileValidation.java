package dev.graft.datasets.validation;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.StagedBlob;
import dev.graft.datasets.CheckedFile;
import dev.graft.datasets.FileProperties;
import dev.graft.datasets.FileRow;
import dev.graft.datasets.FileRows;
import dev.graft.datasets.FileStatus;
import dev.graft.datasets.NewFile;
import dev.graft.datasets.decoding.FileFormat;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.io.InputStreamSource;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Validates training files: small ones while their upload waits, large ones afterwards on one
 * thread. What a stopped server had not finished is done at the next start.
 */
@Component
public class FileValidation implements DisposableBean {
  private static final Logger log = LoggerFactory.getLogger(FileValidation.class);

  /** What text shrinks to; only to guess how long unpacking it will take. */
  private static final int LIKELY_RATIO = 10;

  private final ArtifactStore store;
  private final TrainingRows trainingRows;
  private final FileRows rows;
  private final FileProperties settings;
  private final TransactionTemplate transaction;
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("file-validation").daemon(true).factory());

  FileValidation(
      ArtifactStore store,
      TrainingRows trainingRows,
      FileRows rows,
      FileProperties settings,
      TransactionTemplate transaction) {
    this.store = store;
    this.trainingRows = trainingRows;
    this.rows = rows;
    this.settings = settings;
    this.transaction = transaction;
  }

  /**
   * What the content is, if it is small enough to find out now; else null, and {@link #later} is
   * due. Throws {@link dev.graft.platform.errors.RequestFailed} with the problems if it is not
   * valid training data.
   *
   * @param param the request field to name in the error
   */
  public @Nullable CheckedFile requireIfSmall(NewFile file, StagedBlob content, String param)
      throws IOException {
    FileFormat format = TrainingRows.format(content::open, file.filename(), file.columns());
    long likely = content.ref().bytes() * (format.isPacked() ? LIKELY_RATIO : 1);
    if (likely > settings.validateInline().toBytes()) return null;
    CheckedFile checked = trainingRows.check(content::open, format);
    if (!checked.validation().good()) {
      throw checked.validation().refusal(param, "The file is not valid training data");
    }
    return checked;
  }

  public void later(String fileId) {
    background.execute(() -> tryToValidate(fileId));
  }

  /** Only where requests are served: a command does not take over the work. */
  @EventListener(WebServerInitializedEvent.class)
  void finishWhatWasLeft() {
    rows.findByStatusOrderById(FileStatus.UPLOADED.wireName()).forEach(file -> later(file.id()));
  }

  private void tryToValidate(String fileId) {
    try {
      validate(fileId);
    } catch (RuntimeException e) {
      // It keeps the status 'uploaded'; the next start tries again.
      log.atError().addKeyValue("file", fileId).setCause(e).log("file_validation_failed");
    }
  }

  private void validate(String fileId) {
    rows.findById(fileId)
        .filter(file -> file.has(FileStatus.UPLOADED))
        .ifPresent(file -> record(file, contentOf(file)));
  }

  private CheckedFile contentOf(FileRow file) {
    InputStreamSource content = () -> store.open(file.blob().sha256());
    try {
      FileFormat format = TrainingRows.format(content, file.filename(), file.columns());
      return trainingRows.check(content, format);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void record(FileRow file, CheckedFile checked) {
    transaction.executeWithoutResult(
        status ->
            // It may have been deleted meanwhile.
            rows.findById(file.id()).ifPresent(row -> row.validated(checked)));
    log.atInfo()
        .addKeyValue("file", file.id())
        .addKeyValue("examples", checked.validation().examples())
        .addKeyValue("problems", checked.validation().problems().size())
        .log("file_validated");
  }

  @Override
  public void destroy() {
    background.shutdownNow();
  }
}
