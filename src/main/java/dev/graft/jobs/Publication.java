package dev.graft.jobs;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.datasets.StoredFiles;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Publishes a result: after checking the worker's upload, one fenced transaction ends the job,
 * records its result file and lets the other modules record theirs. Nothing is visible before the
 * commit, and everything after it; blobs of a worker that came too late are swept.
 */
@Component
class Publication {
  private static final Logger log = LoggerFactory.getLogger(Publication.class);

  private final LeaseBlobs blobs;
  private final LeaseLedger leases;
  private final JobRows jobs;
  private final JobEvents events;
  private final ArtifactStore store;
  private final StoredFiles files;
  private final ApplicationEventPublisher publisher;
  private final TransactionTemplate transaction;
  private final MeterRegistry registry;

  Publication(
      LeaseBlobs blobs,
      LeaseLedger leases,
      JobRows jobs,
      JobEvents events,
      ArtifactStore store,
      StoredFiles files,
      ApplicationEventPublisher publisher,
      TransactionTemplate transaction,
      MeterRegistry registry) {
    this.blobs = blobs;
    this.leases = leases;
    this.jobs = jobs;
    this.events = events;
    this.store = store;
    this.files = files;
    this.publisher = publisher;
    this.transaction = transaction;
    this.registry = registry;
    List.of("published", "cancelled", "failed").forEach(this::timer); // from 0 on
  }

  /** Completes the job. The same lease may repeat the call after a lost answer. */
  void complete(LeaseKey key, Digest manifest) throws IOException {
    if (leases.completed(key, manifest)) return;
    Timer.Sample time = Timer.start();
    String outcome = "failed";
    try {
      outcome = publish(key, manifest) ? "published" : "cancelled";
    } finally {
      time.stop(timer(outcome));
    }
  }

  private Timer timer(String outcome) {
    return Timer.builder("graft.publication")
        .description("Time to check and publish a result, by outcome")
        .serviceLevelObjectives(
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            Duration.ofMinutes(1))
        .tag("outcome", outcome)
        .register(registry);
  }

  private boolean publish(LeaseKey key, Digest manifest) throws IOException {
    blobs.verified(key, manifest);
    JobRows.JobRow job = jobs.ofLease(key.jobId()).orElseThrow(() -> new LeaseLost(key));
    byte[] csv = ResultCsv.of(events.metrics(job.id()));
    BlobRef results = store.put(new ByteArrayInputStream(csv), csv.length);
    boolean published =
        Boolean.TRUE.equals(
            transaction.execute(
                status -> {
                  boolean succeeded = commit(key, manifest, job, results);
                  if (!succeeded) status.setRollbackOnly();
                  return succeeded;
                }));
    // A cancellation came first: nothing was recorded, and the release ends the job as cancelled.
    if (!published) leases.release(key);
    log.atInfo()
        .addKeyValue("job", job.id())
        .addKeyValue("epoch", key.epoch())
        .addKeyValue("published", published)
        .log("job_completed");
    return published;
  }

  private boolean commit(LeaseKey key, Digest manifest, JobRows.JobRow job, BlobRef results) {
    String file =
        files.storeResult(job.departmentId(), "step_metrics_" + job.id() + ".csv", results);
    String model = job.resultName();
    if (leases.complete(key, model, manifest, List.of(file)) != JobState.SUCCEEDED) return false;
    publisher.publishEvent(
        new JobSucceeded(
            job.id(),
            job.departmentId(),
            job.baseModel(),
            model,
            job.suffix(),
            manifest,
            job.adapterJson(),
            job.trainingFile(),
            job.metadataJson(),
            job.parentModel(),
            job.progress().trainedTokens()));
    return true;
  }

  /**
   * The result file of a job: one line per step, with OpenAI's columns, then the rewards of pairs
   * and the other metrics of the validation file, by name.
   */
  static final class ResultCsv {
    private static final List<String> COLUMNS =
        List.of(
            "train_loss", "train_mean_token_accuracy", "valid_loss", "valid_mean_token_accuracy");

    private ResultCsv() {}

    /**
     * @param metrics data of the metrics events, oldest first; a step reported again (after a
     *     resume) replaces the earlier one
     */
    static byte[] of(List<String> metrics) {
      Map<Integer, Map<String, String>> steps = new TreeMap<>();
      for (String line : metrics) {
        JsonNode data = JsonMapper.shared().readTree(line);
        Map<String, String> values =
            steps.computeIfAbsent(data.path("step").asInt(), step -> new TreeMap<>());
        data.properties()
            .forEach(field -> values.put(field.getKey(), field.getValue().asString("")));
      }
      Set<String> columns = new LinkedHashSet<>(COLUMNS);
      steps.values().stream()
          .flatMap(values -> values.keySet().stream())
          .filter(name -> name.startsWith("valid_") || name.startsWith("rewards/"))
          .sorted()
          .forEach(columns::add);
      List<String> names = new ArrayList<>(columns);
      names.set(1, "train_accuracy");
      StringBuilder csv = new StringBuilder("step,").append(String.join(",", names)).append('\n');
      steps.forEach(
          (step, values) -> {
            List<String> cells = new ArrayList<>(List.of(step.toString()));
            columns.forEach(column -> cells.add(values.getOrDefault(column, "")));
            csv.append(String.join(",", cells)).append('\n');
          });
      return csv.toString().getBytes(StandardCharsets.UTF_8);
    }
  }
}
