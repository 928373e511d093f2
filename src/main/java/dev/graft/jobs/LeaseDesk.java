package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.jobs.lease.LeaseProtocol.UploadsExceeded;
import dev.graft.platform.Ids;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Answers the calls of workers about their leases, over HTTP and in process. */
@Component
class LeaseDesk {
  private static final Logger log = LoggerFactory.getLogger(LeaseDesk.class);

  private final LeaseLedger ledger;
  private final JobRows jobs;
  private final LeaseBlobs blobs;
  private final WorkerDevices devices;
  private final Retries retries;
  private final JobProperties settings;
  private final Ids ids;
  private final JsonMapper json = JsonMapper.shared();

  LeaseDesk(
      LeaseLedger ledger,
      JobRows jobs,
      LeaseBlobs blobs,
      WorkerDevices devices,
      JobProperties settings,
      Ids ids) {
    this.ledger = ledger;
    this.jobs = jobs;
    this.blobs = blobs;
    this.devices = devices;
    this.retries = new Retries(settings);
    this.settings = settings;
    this.ids = ids;
  }

  public Directive renew(LeaseKey key, LeaseReport report) {
    LeaseLedger.Renewed renewed = ledger.renew(key, settings.leaseTtl(), report);
    if (report.device() != null) devices.inUse(key, report.device());
    if (renewed.cancel()) return new Directive.Cancel();
    return renewed.pause() || renewed.drain()
        ? new Directive.CheckpointAndRelease()
        : new Directive.Continue();
  }

  public void checkpoint(LeaseKey key, CheckpointReport report) throws IOException {
    blobs.verified(key, report.manifest());
    ledger.checkpoint(key, ids.next("ftckpt_"), report, json.writeValueAsString(report.metrics()));
  }

  /**
   * Stores a file of the run.
   *
   * @throws UploadsExceeded if it is more than one run may upload; the job has then failed, because
   *     another run would upload as much
   */
  public void put(LeaseKey key, BlobRef blob, InputStream in) throws IOException {
    counted(
        key,
        () -> {
          blobs.put(key, blob, in);
          return blob;
        });
  }

  /** Returns a link by which the worker may upload the file; throws as {@link #put} does. */
  public Optional<ArtifactStore.UploadLink> uploadLink(LeaseKey key, BlobRef blob)
      throws IOException {
    return counted(key, () -> blobs.uploadLink(key, blob));
  }

  private interface Upload<T> {
    T run() throws IOException;
  }

  private <T> T counted(LeaseKey key, Upload<T> upload) throws IOException {
    try {
      return upload.run();
    } catch (UploadsExceeded exceeded) {
      log.atWarn()
          .addKeyValue("job", key.jobId())
          .addKeyValue("cause", exceeded.reason())
          .log("uploads_exceeded");
      fail(
          key,
          new TrainingFailure(
              TrainingFailure.Kind.BAD_INPUT,
              "The checkpoints and the result of this job exceed the upload limit of one run",
              "Raise training.save_steps, or ask the operator to raise graft.jobs.uploads",
              "training.save_steps"));
      throw exceeded;
    }
  }

  public void fail(LeaseKey key, TrainingFailure failure) {
    JobRows.JobRow job = jobs.ofLease(key.jobId()).orElseThrow(() -> new LeaseLost(key));
    // Reading before writing is safe: these counts change only under the lease that fences the
    // write.
    Duration retry = retries.after(failure, job.tries());
    JobState state = ledger.fail(key, failure, retry, Retries.event(failure, retry));
    ended(key, "failed", state);
  }

  public void release(LeaseKey key) {
    ended(key, "released", ledger.release(key));
  }

  public void decline(LeaseKey key) {
    ended(key, "declined", ledger.decline(key));
  }

  /** Gives back all jobs of a worker that was revoked. */
  public void releaseAll(String workerId) {
    for (LeaseKey key : ledger.held(workerId)) {
      try {
        release(key);
      } catch (LeaseLost ended) {
        log.atDebug().addKeyValue("job", key.jobId()).log("lease_ended_meanwhile");
      }
    }
  }

  private static void ended(LeaseKey key, String how, JobState state) {
    log.atInfo()
        .addKeyValue("job", key.jobId())
        .addKeyValue("epoch", key.epoch())
        .addKeyValue("outcome", how)
        .addKeyValue("state", state)
        .log("lease_ended");
  }

  /** Decides whether a failed attempt is followed by another, and when. */
  static class Retries {
    private final JobProperties settings;

    public Retries(JobProperties settings) {
      this.settings = settings;
    }

    /** Returns the delay until the next attempt; null = the failure is final. */
    public @Nullable Duration after(TrainingFailure failure, JobRows.JobRow.Tries before) {
      return switch (failure.kind()) {
        case BAD_INPUT, TIME_LIMIT -> null;
        case OUT_OF_MEMORY -> before.memory() == 0 ? Duration.ZERO : null;
        // Like a worker that stopped renewing: it counts against the job only if it happens every
        // time.
        case WORKER_LOST -> poison(before) ? null : Duration.ZERO;
        case TRANSIENT, NO_PROGRESS ->
            before.failures() + 1 < settings.maxFailures() ? delay(before.failures()) : null;
      };
    }

    private boolean poison(JobRows.JobRow.Tries before) {
      return before.ownLossesInARow() + 1 >= settings.poisonAfter()
          || before.lossesInARow() + 1 >= settings.poisonAfter() * Reaper.LostLeases.UNPROVEN;
    }

    private Duration delay(int failuresBefore) {
      Duration doubled = settings.retryAfter().multipliedBy(1L << Math.min(failuresBefore, 20));
      return doubled.compareTo(settings.retryAtMost()) < 0 ? doubled : settings.retryAtMost();
    }

    /** Returns the message for the job's events. */
    static String event(TrainingFailure failure, @Nullable Duration retry) {
      if (retry == null) return "Fine-tuning job failed: " + failure.message();
      return switch (failure.kind()) {
        case OUT_OF_MEMORY ->
            "Ran out of memory; trying again with the lowest memory that the same steps need";
        case WORKER_LOST -> "The trainer was killed";
        case TRANSIENT, NO_PROGRESS, BAD_INPUT, TIME_LIMIT ->
            "Trying again in %d s after a failure: %s"
                .formatted(retry.toSeconds(), failure.message());
      };
    }
  }
}
