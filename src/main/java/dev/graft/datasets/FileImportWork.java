package dev.graft.datasets;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Imports files; a server fetches two at a time, of each department one. */
@Component
class FileImportWork implements WorkKind {
  static final String KIND = "file_import";

  private static final Logger log = LoggerFactory.getLogger(FileImportWork.class);
  private static final Duration BUSY = Duration.ofSeconds(5);
  private static final WorkSettings SETTINGS =
      new WorkSettings(
          KIND,
          true,
          2,
          1,
          Duration.ofSeconds(2),
          Duration.ofMinutes(1),
          new WorkSettings.Backoff(8, Duration.ofSeconds(5), Duration.ofMinutes(10)),
          Duration.ZERO);

  private final FileImports imports;
  private final ImportedFile making;
  private final FetchedBytes fetched;
  private final StorageQuota quota;
  private final LeasedWork work;

  FileImportWork(
      FileImports imports,
      ImportedFile making,
      FetchedBytes fetched,
      StorageQuota quota,
      LeasedWork work) {
    this.imports = imports;
    this.making = making;
    this.fetched = fetched;
    this.quota = quota;
    this.work = work;
  }

  @Override
  public WorkSettings settings() {
    return SETTINGS;
  }

  @Override
  public void work(WorkClaim claim) throws IOException {
    NewFileImport wanted = imports.wanted(claim.subject()).orElse(null);
    if (wanted == null) return;
    // Its room is announced: it needs a place alone, as a part of an upload.
    try (Reservation place = quota.reserve(claim.departmentId(), 0, 0)) {
      if (making.make(claim, wanted, place)) told(claim, "succeeded");
    } catch (RequestFailed refused) {
      if (refused.type() == ProblemType.RATE_LIMITED) work.later(claim, BUSY);
      else fail(claim, refused.getMessage());
    } catch (IOException failure) {
      Optional<String> lasting = LastingFailure.reason(failure);
      if (lasting.isEmpty()) {
        imports.met(claim.subject(), LastingFailure.passing(failure));
        throw failure;
      }
      fail(claim, lasting.get());
    } finally {
      fetched.tidy();
    }
  }

  @Override
  public void gaveUp(WorkClaim claim) {
    Optional<String> met =
        imports.find(claim.departmentId(), claim.subject()).map(FileImport::error);
    fail(claim, met.orElse("It could not be fetched; the server's log has more."));
  }

  private void fail(WorkClaim claim, String reason) {
    if (work.done(claim, () -> imports.end(claim.subject(), "failed", reason))) {
      told(claim, "failed");
    }
  }

  private static void told(WorkClaim claim, String status) {
    log.atInfo()
        .addKeyValue("import", claim.subject())
        .addKeyValue("status", status)
        .log("file_import_ended");
  }
}
