package dev.graft.datasets;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.datasets.report.QualityReport;
import dev.graft.datasets.report.RowSource;
import dev.graft.platform.Admitted;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Says what is likely to be wrong with the rows of a file. */
@RestController
@Profile("server")
class ReportController {
  private static final int AT_ONCE = 2;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final Files files;
  private final ArtifactStore store;
  private final FileProperties settings;
  private final Admitted readers =
      new Admitted(AT_ONCE, RETRY_AFTER, "Other files are being read; try again");

  ReportController(Files files, ArtifactStore store, FileProperties settings) {
    this.files = files;
    this.store = store;
    this.settings = settings;
  }

  /**
   * @param validationFileId null where the training file was looked at alone
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
    if (validation != null && training.kind() != validation.kind()) {
      throw RequestFailed.invalid("validation_file", "has another kind of rows than " + id);
    }
    return readers.run(
        () -> new FileReport("file.report", id, validationFile, read(training, validation)));
  }

  private QualityReport read(TrainingFile training, @Nullable TrainingFile validation) {
    try {
      return QualityReport.of(
          rows(training),
          validation == null ? null : rows(validation),
          settings.maxReported().toBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("a file could not be read", e);
    }
  }

  private RowSource rows(TrainingFile file) {
    return () -> store.open(file.digest());
  }
}
