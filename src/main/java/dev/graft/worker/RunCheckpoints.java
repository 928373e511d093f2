package dev.graft.worker;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.CheckpointReport;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseRefused;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checkpoints of one run on their way to the server. What the run has told by then is there first:
 * whoever goes on after a checkpoint tells of no step before it.
 */
final class RunCheckpoints {
  private static final Logger log = LoggerFactory.getLogger(RunCheckpoints.class);

  private final LeaseProtocol protocol;
  private final LeaseKey key;
  private final DirectoryUpload uploads;
  private final RunReporter told;
  private @Nullable Unsent unsent;

  /**
   * @param report with the numbers that the run had when it made the checkpoint
   */
  private record Unsent(Path directory, Function<Digest, CheckpointReport> report) {}

  RunCheckpoints(LeaseProtocol protocol, LeaseKey key, DirectoryUpload uploads, RunReporter told) {
    this.protocol = protocol;
    this.key = key;
    this.uploads = uploads;
    this.told = told;
  }

  /** One that cannot be sent now is only a later resume; the next one will be sent. */
  void commit(TrainingEvent.Checkpoint checkpoint, Heartbeats beats) {
    unsent =
        new Unsent(
            Path.of(checkpoint.directory()), told.checkpoint(Math.toIntExact(checkpoint.step())));
    try {
      sendUnsent(beats);
    } catch (IOException | UncheckedIOException | LeaseRefused e) {
      left(e);
    }
  }

  /**
   * Sends the newest one where that is still to be done: after it there is no next one. May be
   * repeated.
   *
   * @param until when it is left, by {@link System#nanoTime}: it must not keep the job
   * @throws UncheckedIOException if the server does not take it now
   */
  void sendLast(long until, Heartbeats beats) {
    try {
      sendUnsent(beats);
    } catch (UncheckedIOException unanswered) {
      if (System.nanoTime() - until < 0) throw unanswered;
      left(unanswered);
    } catch (IOException | LeaseRefused e) {
      left(e);
    }
  }

  private void sendUnsent(Heartbeats beats) throws IOException {
    if (unsent == null) return;
    Digest manifest = uploads.directory(unsent.directory());
    beats.flush();
    protocol.checkpoint(key, unsent.report().apply(manifest));
    unsent = null;
  }

  private void left(Exception why) {
    log.atWarn()
        .addKeyValue("job", key.jobId())
        .addKeyValue("cause", why.getMessage())
        .log("checkpoint_not_committed");
  }
}
