package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.StagedBlob;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.annotation.Profile;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Validates training files: small ones while their upload waits, large ones afterwards on one
 * thread. What a stopped server had not finished is done at the next start.
 */
@Component
@Profile("server")
class FileValidation implements DisposableBean {
  private static final Logger log = LoggerFactory.getLogger(FileValidation.class);

  private final ArtifactStore store;
  private final FileRows rows;
  private final FileProperties settings;
  private final TransactionTemplate transaction;
  private final ExecutorService background =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().name("file-validation").daemon(true).factory());

  FileValidation(
      ArtifactStore store,
      FileRows rows,
      FileProperties settings,
      TransactionTemplate transaction) {
    this.store = store;
    this.rows = rows;
    this.settings = settings;
    this.transaction = transaction;
  }

  boolean isInline(StagedBlob content) {
    return content.ref().bytes() <= settings.validateInline().toBytes();
  }

  /**
   * Throws {@link dev.graft.platform.RequestFailed} with the problems if it is not valid training
   * data.
   */
  Validation require(StagedBlob content) throws IOException {
    try (InputStream in = content.open()) {
      Validation validation = Validation.of(in);
      if (!validation.good()) {
        throw validation.refusal("file", "The file is not valid training data");
      }
      return validation;
    }
  }

  void later(String fileId) {
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

  private Validation contentOf(FileRow file) {
    try (InputStream in = store.open(file.blob().sha256())) {
      return Validation.of(in);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void record(FileRow file, Validation validation) {
    transaction.executeWithoutResult(
        status ->
            // It may have been deleted meanwhile.
            rows.findById(file.id()).ifPresent(row -> row.validated(validation)));
    log.atInfo()
        .addKeyValue("file", file.id())
        .addKeyValue("examples", validation.examples())
        .addKeyValue("problems", validation.problems().size())
        .log("file_validated");
  }

  @Override
  public void destroy() {
    background.shutdownNow();
  }
}
