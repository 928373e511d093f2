package dev.graft.worker.run;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseRefused;
import dev.graft.training.protocol.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Checkpoints of one run on their way to the server. */
final class RunCheckpoints {
  private static final Logger log = LoggerFactory.getLogger(RunCheckpoints.class);

  private final LeaseProtocol protocol;
  private final LeaseKey key;
  private final DirectoryUpload uploads;
  private final RunReporter told;
  private TrainingEvent.@Nullable Checkpoint unsent;

  RunCheckpoints(LeaseProtocol protocol, LeaseKey key, DirectoryUpload uploads, RunReporter told) {
    this.protocol = protocol;
    this.key = key;
    this.uploads = uploads;
    this.told = told;
  }

  /** One that cannot be sent now is only a later resume; the next one will be sent. */
  void commit(TrainingEvent.Checkpoint checkpoint) {
    unsent = checkpoint;
    try {
      sendUnsent();
    } catch (IOException | UncheckedIOException | LeaseRefused e) {
      log.atWarn()
          .addKeyValue("job", key.jobId())
          .addKeyValue("cause", e.getMessage())
          .log("checkpoint_not_committed");
    }
  }

  /**
   * Sends the newest one where that is still to be done: after it there is no next one. May be
   * repeated.
   */
  void sendUnsent() throws IOException {
    if (unsent == null) return;
    Digest manifest = uploads.directory(Path.of(unsent.directory()));
    protocol.checkpoint(key, told.checkpoint(Math.toIntExact(unsent.step()), manifest));
    unsent = null;
  }
}
