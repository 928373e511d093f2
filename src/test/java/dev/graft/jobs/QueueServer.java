package dev.graft.jobs;

import dev.graft.ExpectedLog;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.spec.Resources;
import dev.graft.tenancy.Departments;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.json.JsonMapper;

/** What tests of workers ask of the server they run against. */
@TestComponent
public class QueueServer {
  public static final String METHOD = "{\"type\":\"supervised\"}";
  public static final String HYPERPARAMETERS =
      "{\"n_epochs\":1,\"batch_size\":1,\"learning_rate_multiplier\":1}";
  public static final String DATA = "data";

  private final JobRows jobs;
  private final JobLedger ledger;
  private final JobEvents events;
  private final QueueInvariants invariants;
  private final JoinTokens joinTokens;
  private final Departments departments;
  private final ArtifactStore store;
  private final MeterRegistry meters;
  private final JdbcClient sql;

  QueueServer(
      JobRows jobs,
      JobLedger ledger,
      JobEvents events,
      QueueInvariants invariants,
      JoinTokens joinTokens,
      Departments departments,
      ArtifactStore store,
      MeterRegistry meters,
      JdbcClient sql) {
    this.jobs = jobs;
    this.ledger = ledger;
    this.events = events;
    this.invariants = invariants;
    this.joinTokens = joinTokens;
    this.departments = departments;
    this.store = store;
    this.meters = meters;
    this.sql = sql;
  }

  /** The log of a lease whose uploads are larger than its worker announced. */
  public static ExpectedLog expectUploadsExceeded() {
    return ExpectedLog.of(LeaseDesk.class, "uploads_exceeded");
  }

  /** Runs the call with the connections that are reserved for workers. */
  public static <T, X extends Throwable> T onWorkerConnections(
      ScopedValue.CallableOp<? extends T, X> call) throws X {
    return WorkerConnections.use(call);
  }

  /**
   * What a dead worker still waits for at the server would take the next test's job, and lose it.
   */
  public void awaitNoRequests() {
    Awaitility.await()
        .atMost(Duration.ofSeconds(90))
        .until(
            () ->
                meters.find("http.server.requests.active").longTaskTimers().stream()
                    .allMatch(each -> each.activeTasks() == 0));
  }

  /** A job and its department. */
  public record Submitted(String department, String id) {}

  public String joinToken() {
    return joinTokens.create("default", Duration.ofMinutes(5), null).secret();
  }

  /** Queues a job whose adapter object is this plan of the fake trainer. */
  public Submitted submit(String plan, Path scratch) throws IOException {
    return submit(plan, scratch, null);
  }

  /** Queues a job that asks for this. */
  public Submitted submitAsking(Resources resources, String plan, Path scratch) throws IOException {
    Submitted job = submit(plan, scratch);
    sql.sql("update job set resources = :resources::jsonb where id = :id")
        .param("resources", resources.toJson().toString())
        .param("id", job.id())
        .update();
    return job;
  }

  /** Queues a job of a department that is there. */
  public Submitted submitOf(String department, String plan, Path scratch) throws IOException {
    return submit(department, plan, scratch, null);
  }

  /** Queues a job that continues from what is in a directory. */
  public Submitted submitContinued(Path earlier, Path scratch) throws IOException {
    Map<String, Path> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(earlier)) {
      all.filter(Files::isRegularFile)
          .forEach(file -> files.put(earlier.relativize(file).toString(), file));
    }
    return submit("{}", scratch, ManifestDirectory.store(store, files).sha256());
  }

  /** Queues a job on a base model of this one file. */
  public Submitted submitOn(Path weights, String plan) throws IOException {
    return submit(
        departments.ensure("d-" + UUID.randomUUID()),
        plan,
        ManifestDirectory.store(store, Map.of("model.safetensors", weights)),
        null);
  }

  private Submitted submit(String plan, Path scratch, @Nullable Digest start) throws IOException {
    return submit(departments.ensure("d-" + UUID.randomUUID()), plan, scratch, start);
  }

  private Submitted submit(String department, String plan, Path scratch, @Nullable Digest start)
      throws IOException {
    Path config = Files.writeString(scratch.resolve("config.json"), "{}");
    return submit(
        department, plan, ManifestDirectory.store(store, Map.of("config.json", config)), start);
  }

  private Submitted submit(String department, String plan, BlobRef base, @Nullable Digest start)
      throws IOException {
    byte[] data = DATA.getBytes(StandardCharsets.UTF_8);
    Digest training = store.put(new ByteArrayInputStream(data), data.length).sha256();
    String id = "ftjob-" + UUID.randomUUID().toString().replace("-", "");
    ledger.submit(
        id,
        department,
        Queue.checked("tiny", base.sha256(), training, plan, start, 0, Resources.ANY),
        JobNeeds.JobMemory.UNKNOWN,
        false,
        null);
    return new Submitted(department, id);
  }

  /** {@code queued}, {@code running}, {@code succeeded}, {@code failed}, {@code cancelled}. */
  public String state(Submitted job) {
    return row(job).state().wire();
  }

  public int step(Submitted job) {
    return row(job).progress().step();
  }

  public int failures(Submitted job) {
    return row(job).tries().failures();
  }

  /** Every lease so far, as the API shows them. */
  public String attempts(Submitted job) {
    return row(job).attemptsJson();
  }

  public String failure(Submitted job) {
    return String.valueOf(row(job).failure());
  }

  public void cancel(Submitted job) {
    ledger.cancel(job.department(), job.id(), null, null);
  }

  /** Step of the newest committed checkpoint; 0 = none. */
  public int checkpoint(Submitted job) {
    return events.checkpoints(job.id(), null, 1).stream()
        .mapToInt(JobEvents.Checkpoint::step)
        .findFirst()
        .orElse(0);
  }

  public long told(Submitted job, String message) {
    return events.list(job.id(), Integer.MAX_VALUE, 10_000).stream()
        .filter(event -> event.message().equals(message))
        .count();
  }

  /** Steps that the curve of the training loss has, in the order of their events. */
  public java.util.List<Integer> steps(Submitted job) {
    return events.metrics(job.id()).stream()
        .map(data -> JsonMapper.shared().readTree(data))
        .filter(data -> data.has("train_loss"))
        .map(data -> data.path("step").asInt())
        .toList();
  }

  /** The content of a file of the published result. */
  public String result(Submitted job, String file) throws IOException {
    Digest manifest = new Digest(String.valueOf(row(job).result().manifest()));
    BlobRef blob = ManifestDirectory.read(store, manifest).files().get(file);
    try (InputStream in = store.open(blob.sha256())) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  public java.util.List<String> violations() {
    return invariants.violations();
  }

  private JobRows.JobRow row(Submitted job) {
    return jobs.find(job.department(), job.id()).orElseThrow();
  }
}
