package dev.graft.jobs.desk;

import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobState;
import dev.graft.jobs.events.JobEvents;
import dev.graft.jobs.lease.CheckpointReport;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Directive;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseKey;
import dev.graft.jobs.lease.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseReport;
import dev.graft.jobs.lease.TrainingFailure;
import dev.graft.jobs.queue.ClaimedJob;
import dev.graft.jobs.queue.JobLedger;
import dev.graft.jobs.queue.JobProperties;
import dev.graft.jobs.queue.JobRow;
import dev.graft.jobs.queue.LeaseEndings;
import dev.graft.jobs.queue.LeaseLedger;
import dev.graft.jobs.queue.SmallerMicroBatch;
import dev.graft.jobs.queue.WorkerDevices;
import dev.graft.platform.Ids;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The server's answers to workers. Both bindings of {@link LeaseProtocol} end here. */
@Component
public class LeaseDesk {
  private static final Logger log = LoggerFactory.getLogger(LeaseDesk.class);
  private static final int CHECKPOINTS_OFFERED = 2;

  private final LeaseLedger ledger;
  private final LeaseEndings endings;
  private final JobLedger jobs;
  private final JobEvents events;
  private final LeaseBlobs blobs;
  private final WorkerDevices devices;
  private final Retries retries;
  private final JobProperties settings;
  private final Ids ids;
  private final JsonMapper json = JsonMapper.shared();

  LeaseDesk(
      LeaseLedger ledger,
      LeaseEndings endings,
      JobLedger jobs,
      JobEvents events,
      LeaseBlobs blobs,
      WorkerDevices devices,
      Retries retries,
      JobProperties settings,
      Ids ids) {
    this.ledger = ledger;
    this.endings = endings;
    this.jobs = jobs;
    this.events = events;
    this.blobs = blobs;
    this.devices = devices;
    this.retries = retries;
    this.settings = settings;
    this.ids = ids;
  }

  /** Looks at once and then every {@code graft.jobs.claim-poll} until {@code wait} is over. */
  public Optional<Lease> claim(String workerId, Device device, Duration wait)
      throws InterruptedException {
    devices.asks(workerId, device);
    Duration longest =
        wait.compareTo(LeaseProtocol.LONGEST_WAIT) < 0 ? wait : LeaseProtocol.LONGEST_WAIT;
    long end = System.nanoTime() + longest.toNanos();
    while (true) {
      Optional<ClaimedJob> claimed = ledger.claim(workerId, device, settings.leaseTtl());
      long left = end - System.nanoTime();
      if (claimed.isPresent() || left <= 0) return claimed.map(this::lease);
      TimeUnit.NANOSECONDS.sleep(Math.min(left, settings.claimPoll().toNanos()));
    }
  }

  private Lease lease(ClaimedJob job) {
    log.atInfo()
        .addKeyValue("job", job.key().jobId())
        .addKeyValue("epoch", job.key().epoch())
        .log("job_claimed");
    List<Lease.Resume> checkpoints =
        events.resumable(job.key().jobId(), CHECKPOINTS_OFFERED).stream()
            .map(c -> new Lease.Resume(c.step(), new Digest(c.manifest())))
            .toList();
    return new Lease(
        job.key(),
        settings.leaseTtl().toMillis(),
        settings.heartbeat().toMillis(),
        job.baseModel(),
        job.baseManifest(),
        job.trainingFile(),
        job.validationFile(),
        SmallerMicroBatch.halved(job.adapterJson(), job.memoryFailures()),
        job.seed(),
        checkpoints,
        job.parentModel(),
        job.start());
  }

  @Transactional
  public Directive renew(LeaseKey key, LeaseReport report) {
    int count = report.metrics().size() + report.notes().size();
    LeaseLedger.Renewed renewed = ledger.renew(key, settings.leaseTtl(), report, count);
    if (renewed.firstEvent() > 0) write(key.jobId(), renewed.firstEvent(), report);
    if (renewed.cancel()) return new Directive.Cancel();
    return renewed.pause() ? new Directive.CheckpointAndRelease() : new Directive.Continue();
  }

  private void write(String jobId, int firstNumber, LeaseReport report) {
    int number = firstNumber;
    for (LeaseReport.Note note : report.notes()) {
      String level = note.level().name().toLowerCase(Locale.ROOT);
      events.write(jobId, number++, level, "message", note.message(), null);
    }
    for (LeaseReport.Metrics metrics : report.metrics()) {
      ObjectNode data = json.createObjectNode().put("step", metrics.step());
      metrics.values().forEach(data::put);
      events.write(jobId, number++, "info", "metrics", sentence(metrics, report), data.toString());
    }
  }

  private static String sentence(LeaseReport.Metrics metrics, LeaseReport report) {
    StringBuilder text = new StringBuilder("Step ").append(metrics.step());
    if (report.progress() != null) text.append('/').append(report.progress().totalSteps());
    append(text, ": training loss=", metrics.values().get("train_loss"));
    append(text, ": validation loss=", metrics.values().get("valid_loss"));
    return text.toString();
  }

  private static void append(StringBuilder text, String label, @Nullable Double value) {
    if (value != null) text.append(label).append(String.format(Locale.ROOT, "%.4f", value));
  }

  public void checkpoint(LeaseKey key, CheckpointReport report) throws IOException {
    blobs.verified(key, report.manifest());
    ledger.checkpoint(key, ids.next("ftckpt_"), report, json.writeValueAsString(report.metrics()));
  }

  public void fail(LeaseKey key, TrainingFailure failure) {
    JobRow job = jobs.ofLease(key.jobId()).orElseThrow(() -> new LeaseLost(key));
    // Read before written, but safe: these counts change only under the lease that fences the
    // write.
    Duration retry = retries.after(failure, job);
    JobState state = endings.fail(key, failure, retry, Retries.told(failure, retry));
    ended(key, "failed", state);
  }

  public void release(LeaseKey key) {
    ended(key, "released", endings.release(key));
  }

  private static void ended(LeaseKey key, String how, JobState state) {
    log.atInfo()
        .addKeyValue("job", key.jobId())
        .addKeyValue("epoch", key.epoch())
        .addKeyValue("outcome", how)
        .addKeyValue("state", state)
        .log("lease_ended");
  }
}
