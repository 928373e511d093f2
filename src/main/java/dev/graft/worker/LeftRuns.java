package dev.graft.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Directories of runs that no lease will come back to: their jobs were cancelled or deleted while
 * no worker had them. They go when nobody has followed them for a day and the cluster runs them no
 * more.
 */
final class LeftRuns {
  private static final Logger log = LoggerFactory.getLogger(LeftRuns.class);
  private static final Duration UNFOLLOWED = Duration.ofDays(1);

  private LeftRuns() {}

  /** What cannot be looked at stays for the next time. */
  static void delete(RayJobs jobs, Path shared) {
    try {
      SharedRun.deleteRests(shared);
      FileTime now = now(shared);
      for (SharedRun each : SharedRun.all(shared)) {
        if (!old(each.root(), now)) continue;
        if (jobs.find(each.id()).map(job -> !job.ended()).orElse(false)) continue;
        each.delete();
        log.atInfo().addKeyValue("submission", each.id()).log("left_run_deleted");
      }
    } catch (IOException | UncheckedIOException | RayRefused later) {
      log.atWarn().addKeyValue("cause", later.getMessage()).log("left_runs_kept");
    }
  }

  private static boolean old(Path run, FileTime now) throws IOException {
    Path alive = run.resolve("alive");
    FileTime followed = Files.getLastModifiedTime(Files.exists(alive) ? alive : run);
    return followed.toInstant().plus(UNFOLLOWED).isBefore(now.toInstant());
  }

  /** As the file system tells it, by which the ages of files are measured. */
  private static FileTime now(Path shared) throws IOException {
    Path touched = Files.createTempFile(shared, "now-", "");
    try {
      return Files.getLastModifiedTime(touched);
    } finally {
      Files.delete(touched);
    }
  }
}
