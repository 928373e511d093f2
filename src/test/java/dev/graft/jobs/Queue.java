package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.catalog.BaseModel;
import dev.graft.datasets.TrainingFile;
import dev.graft.jobs.JobNeeds.JobMemory;
import dev.graft.jobs.ParentLookup.ContinuedTraining;
import dev.graft.jobs.ParentModels.ParentModel;
import dev.graft.jobs.SubmitJob.CheckedJob;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.platform.Traces;
import dev.graft.spec.Resources;
import dev.graft.spec.TrainingSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.IntNode;
import tools.jackson.databind.node.ObjectNode;

/** The ledgers over one data source, with departments and jobs to try them on. */
public final class Queue {
  static final Duration TTL = Duration.ofSeconds(60);
  static final JobProperties SETTINGS =
      new Binder(List.of()).bindOrCreate("graft.jobs", JobProperties.class);
  static final Digest SOME = new Digest("a".repeat(64));

  final JdbcClient sql;
  final JobRows jobs;
  final JobLedger ledger;
  final Claims claims;
  final LeaseLedger leases;
  final Reaper.LostLeases lost;
  final JobEvents events;
  final JobObjects objects;

  Queue(DataSource dataSource) {
    this(JdbcClient.create(dataSource));
  }

  public Queue(JdbcClient sql) {
    this.sql = sql;
    jobs = new JobRows(sql);
    ledger = new JobLedger(sql, JobMeters.unread());
    claims = claims(sql);
    leases = new LeaseLedger(sql, SETTINGS, JobMeters.unread());
    objects =
        new JobObjects(
            new FairShareLedger(sql, TransactionOperations.withoutTransaction(), SETTINGS));
    lost = new Reaper.LostLeases(sql, SETTINGS, JobMeters.unread());
    events = new JobEvents(sql);
  }

  static Claims claims(JdbcClient sql) {
    return new Claims(sql, new WorkerDevices(sql), SETTINGS, JobMeters.unread(), Traces.NONE);
  }

  /** Ends every job, so that claims of a test find only its own. */
  void clear() {
    sql.sql("truncate job, worker, worker_join_token cascade").update();
    sql.sql("update department set running = 0, used = 0").update();
  }

  String department(int maxRunning) {
    String id = "proj_" + UUID.randomUUID();
    sql.sql(
            "insert into department (id, name, max_running, created_at) values (:id, :id, :max,"
                + " graft_now())")
        .param("id", id)
        .param("max", maxRunning)
        .update();
    return id;
  }

  String worker() {
    return worker("default");
  }

  String worker(String workerClass) {
    String id = "wkr_" + UUID.randomUUID();
    sql.sql(
            "insert into worker (id, name, class, created_at) values (:id, :id, :class,"
                + " graft_now())")
        .param("id", id)
        .param("class", workerClass)
        .update();
    return id;
  }

  String submit(String department, int priority) {
    return submit(department, priority, JobMemory.UNKNOWN, Resources.ANY, false, null);
  }

  String submit(String department, int priority, JobMemory memory) {
    return submit(department, priority, memory, Resources.ANY, false, null);
  }

  String submit(String department, int priority, JobMemory memory, Resources resources) {
    return submit(department, priority, memory, resources, false, null);
  }

  /**
   * @param approval whether it waits for it
   * @param by the account that submits
   */
  String submit(String department, int priority, boolean approval, @Nullable String by) {
    return submit(department, priority, JobMemory.UNKNOWN, Resources.ANY, approval, by);
  }

  private String submit(
      String department,
      int priority,
      JobMemory memory,
      Resources resources,
      boolean approval,
      @Nullable String by) {
    String id = "ftjob-" + UUID.randomUUID();
    ledger.submit(
        id,
        department,
        checked("base", SOME, SOME, "{}", null, priority, resources),
        memory,
        approval,
        by);
    return id;
  }

  /** A request whose files and base model have been looked up. */
  static CheckedJob checked(
      String base,
      Digest baseManifest,
      Digest training,
      String adapter,
      @Nullable Digest start,
      int priority,
      Resources resources) {
    TrainingSpec spec = TrainingSpec.resolve(null, null, null, IntNode.valueOf(42));
    return new CheckedJob(
        new JobRequest(base, "file-1", null, null, priority, resources, null, 1, false, spec),
        start == null
            ? null
            : new ContinuedTraining(
                new ParentModel("ft:tiny:support::1", "ftjob-1", base, start, "{}", null),
                baseManifest,
                start,
                null),
        new BaseModel(base, "llama", baseManifest, 1, 512, 1, null, null, null, Instant.EPOCH),
        new TrainingFile("file-1", "proj_1", "train.jsonl", 4, training, 1, null, null),
        null,
        (ObjectNode) JsonMapper.shared().readTree(adapter),
        resources);
  }

  /** The job that a device of that much memory gets, if there is one. */
  Optional<String> claimed(long memory) {
    return claims
        .claimNow(worker(), new Device("cpu", memory), null)
        .map(claimed -> claimed.key().jobId());
  }

  /** The job that a worker gets for a device, if there is one. */
  Optional<String> claimed(String worker, Device device) {
    return claims.claimNow(worker, device, null).map(claimed -> claimed.key().jobId());
  }

  LeaseKey claim(String worker) {
    return claims.claimNow(worker, Device.UNKNOWN, null).orElseThrow().key();
  }

  /** Takes the oldest expired lease away, if there is one. */
  Optional<LeaseLedger.Ended> reap() {
    return lost.expired().stream()
        .findFirst()
        .flatMap(lease -> lost.reap(lease, Reaper.LostLeases.Verdict.PROVEN));
  }

  int running(String department) {
    return sql.sql("select running from department where id = :id")
        .param("id", department)
        .query(Integer.class)
        .single();
  }

  JobRows.JobRow row(String department, String job) {
    return jobs.find(department, job).orElseThrow();
  }

  JobState state(String department, String job) {
    return row(department, job).state();
  }

  /** As a client sees it. */
  public ObjectNode shown(String department, String job) {
    return objects.of(row(department, job));
  }

  /** Departments whose counter is not the number of their running jobs. */
  int drifted() {
    return sql.sql(
            """
            select count(*) from department d
             where running <> (select count(*) from job where department_id = d.id and state = 'running')
            """)
        .query(Integer.class)
        .single();
  }
}
