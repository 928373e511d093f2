package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.platform.ConcurrencyLimit;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.core.io.InputStreamSource;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Reports likely defects of the rows of a file. */
@RestController
class ReportController implements DisposableBean {
  private static final int AT_ONCE = 2;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final StoredFiles files;
  private final ArtifactStore store;
  private final FileProperties settings;
  private final ConcurrencyLimit readers =
      new ConcurrencyLimit(AT_ONCE, RETRY_AFTER, "Other files are being read; try again");

  /** Reports only compute: on virtual threads of requests they would block all other requests. */
  private final ExecutorService computing =
      Executors.newFixedThreadPool(
          AT_ONCE, Thread.ofPlatform().name("file-report-", 0).daemon(true).factory());

  ReportController(StoredFiles files, ArtifactStore store, FileProperties settings) {
    this.files = files;
    this.store = store;
    this.settings = settings;
  }

  /**
   * @param validationFileId null if only the training file was inspected
   */
  record FileReport(
      String object,
      String fileId,
      @Nullable String validationFileId,
      @JsonUnwrapped QualityReport report) {}

  /**
   * Reads the file anew each time, at most {@link FileProperties#maxReported} of it.
   *
   * @param validationFile another file, whose rows must not be among those of this one
   */
  @GetMapping("/v1/files/{id}/report")
  FileReport report(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String id,
      @RequestParam(name = "validation_file") @Nullable String validationFile) {
    String department = caller.departmentId();
    if (files.find(department, id).isEmpty()) throw RequestFailed.notFound("file", id);
    TrainingFile training = files.requireTrainable(department, id, "id");
    TrainingFile validation =
        validationFile == null
            ? null
            : files.requireTrainable(department, validationFile, "validation_file");
    if (validation != null && !alike(training, validation)) {
      throw RequestFailed.invalid("validation_file", "has a different kind of rows than " + id);
    }
    return readers.run(
        department,
        () -> new FileReport("file.report", id, validationFile, read(training, validation)));
  }

  /** Files that an older release validated have no kind and match any. */
  private static boolean alike(TrainingFile training, TrainingFile validation) {
    return training.kind() == null
        || validation.kind() == null
        || training.kind() == validation.kind();
  }

  private QualityReport read(TrainingFile training, @Nullable TrainingFile validation) {
    Future<QualityReport> report =
        computing.submit(
            () ->
                QualityReport.of(
                    rows(training),
                    validation == null ? null : rows(validation),
                    settings.maxReported().toBytes(),
                    settings.reportTime()));
    try {
      return report.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException("a file could not be read", e.getCause());
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new RequestFailed(ProblemType.UNAVAILABLE, "The server is stopping");
    }
  }

  private InputStreamSource rows(TrainingFile file) {
    return () -> store.open(file.digest());
  }

  @Override
  public void destroy() {
    computing.shutdownNow();
  }
}
