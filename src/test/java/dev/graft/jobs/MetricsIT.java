package dev.graft.jobs;

import static dev.graft.tenancy.ApiClient.ok;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.Reaper.LostLeases;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.pg.GraftIT;
import dev.graft.platform.Scrape;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalManagementPort;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.TestPropertySource;

/** A scrape has every metric of docs/metrics.md, and no other of Graft's. */
@GraftIT
@Import({QueueServer.class, HandWorker.class})
@TestPropertySource(
    properties = {
      "management.server.port=0",
      "graft.webhooks.allowed-networks=127.0.0.0/8",
      "graft.webhooks.allow-http=true",
      "graft.webhooks.poll=100ms",
    })
@DirtiesContext // its webhooks are looked for ten times a second
class MetricsIT {
  private static final Path PAGE = Path.of("docs/metrics.md");
  private static final Pattern ROW =
      Pattern.compile("^\\| `(\\w+)` \\| (?:counter|gauge|histogram) \\|.*$", Pattern.MULTILINE);
  private static final Device CPU =
      new Device("cpu", 1L << 30, "cpu", null, null, null, null, null)
          .of(new DeviceUse(1L << 20, 1L << 30, 50.0));

  @TempDir Path scratch;
  @LocalServerPort int port;
  @LocalManagementPort int management;
  @Autowired QueueServer server;
  @Autowired HandWorker worker;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired LostLeases lost;
  @Autowired JdbcClient sql;

  @Test
  void aScrapeHasEveryDocumentedMetricAndNoOther() throws Exception {
    String department = departments.ensure("support");
    everythingHappens(department);
    aCollectionOfGarbage();
    Scrape scrape = Scrape.of(management);
    Map<String, String> made = new TreeMap<>();
    scrape.families().values().stream()
        .filter(each -> each.name().startsWith("graft_"))
        .filter(each -> !isLargestOf(each, scrape))
        .forEach(each -> made.put(each.name(), row(each)));
    if (Boolean.getBoolean("metrics.write")) write(made);
    assertThat(documented())
        .as("%s; -Dmetrics.write=true writes it", PAGE)
        .containsExactlyEntriesOf(made);
    assertThat(ofOthers()).isNotEmpty().allMatch(scrape.families()::containsKey);
    assertThat(scrape.text()).doesNotContain("ftjob-");
    assertThat(
            scrape.value(
                "graft_jobs_running{department=\"%s\",worker_class=\"default\"}"
                    .formatted(department)))
        .isEqualTo(1);
    assertThat(scrape.value("graft_training_steps_total")).isEqualTo(30);
    assertThat(scrape.value("graft_training_tokens_total")).isEqualTo(4000);
    assertThat(scrape.value("graft_jobs_finished_total{failure_class=\"\",outcome=\"succeeded\"}"))
        .isEqualTo(1);
    assertThat(scrape.value("graft_jobs_finished_total{failure_class=\"\",outcome=\"cancelled\"}"))
        .isEqualTo(1);
    assertThat(scrape.value("graft_jobs_requeued_total{reason=\"transient\"}")).isEqualTo(1);
    assertThat(scrape.value("graft_jobs_requeued_total{reason=\"worker_lost\"}")).isEqualTo(1);
    assertThat(scrape.value("graft_leases_lost_total")).isEqualTo(1);
    assertThat(scrape.value("graft_job_wait_seconds_count")).isEqualTo(5);
    for (String how : List.of("completed", "failed", "lost", "released")) {
      assertThat(scrape.value("graft_job_run_seconds_count{outcome=\"%s\"}".formatted(how)))
          .as(how)
          .isEqualTo(1);
    }
    assertThat(scrape.value("graft_publication_seconds_count{outcome=\"cancelled\"}")).isEqualTo(1);
    assertThat(scrape.value("hikaricp_connections_max{pool=\"workers\"}")).isEqualTo(8);
  }

  /** Its metric is there after the first since the start. */
  private void aCollectionOfGarbage() {
    System.gc();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> Scrape.of(management).families().containsKey("jvm_gc_pause_seconds"));
  }

  @Test
  void onThePortOfTheApiThereAreNone() throws Exception {
    assertThat(Scrape.get(port, "/actuator/prometheus").statusCode()).isEqualTo(401);
    ApiClient client =
        new ApiClient(port, keys.create(departments.ensure("a"), Caller.Scope.ADMIN).secret());
    assertThat(client.get("/actuator/prometheus").statusCode()).isEqualTo(404);
    assertThat(Scrape.get(management, "/actuator/env").statusCode()).isEqualTo(401);
  }

  @Test
  void probesStayWhereTheApiIs() throws Exception {
    for (String probe : List.of("/startupz", "/livez", "/readyz")) {
      assertThat(Scrape.get(port, probe).statusCode()).as(probe).isEqualTo(200);
    }
    assertThat(Scrape.get(management, "/actuator/health/readiness").statusCode()).isEqualTo(200);
  }

  /** Three jobs of a department, in each state that is counted. */
  private void everythingHappens(String department) throws Exception {
    ApiClient client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    ok(
        client.post(
            "/v1/webhook_endpoints",
            "{'name': 'away', 'url': 'http://127.0.0.1:9/', 'event_types':"
                + " ['fine_tuning.job.succeeded']}"));
    for (int i = 0; i < 3; i++) server.submitOf(department, "{}", scratch);
    LeaseKey done = worker.claim(CPU);
    LeaseKey failed = worker.claim(CPU);
    worker.report(done, progress(10), 1000, CPU);
    worker.report(done, progress(20), 3000, CPU);
    worker.report(done, progress(20), 3000, CPU);
    worker.complete(done, worker.uploadDirectory(done, new byte[] {1}));
    worker.fail(
        failed, new TrainingFailure(TrainingFailure.Kind.TRANSIENT, "went away", null, null));
    lose(worker.claim(CPU));
    worker.report(worker.claim(CPU), progress(10), 1000, CPU);
    completeOneThatIsCancelled(department);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () ->
                Scrape.of(management)
                        .value("graft_webhook_attempt_seconds_count{outcome=\"failed\"}")
                    > 0);
    // What is in the database is read anew.
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> Scrape.of(management).text().contains("graft_training_tokens_per_second{"));
  }

  private void lose(LeaseKey key) {
    sql.sql(
            """
            update job_lease
               set claimed_at = graft_now() - interval '9 s', expires_at = graft_now() - interval '1 s'
             where job_id = ? and ended_at is null
            """)
        .param(key.jobId())
        .update();
    LostLeases.Expired lease = lost.expired().getFirst();
    assertThat(lost.reap(lease, LostLeases.Verdict.PROVEN)).isPresent();
  }

  /** Its completion is rolled back, and then the job ends as cancelled: once. */
  private void completeOneThatIsCancelled(String department) throws IOException {
    QueueServer.Submitted job = server.submitOf(department, "{}", scratch);
    LeaseKey key = worker.claim(CPU);
    assertThat(key.jobId()).isEqualTo(job.id());
    server.cancel(job);
    worker.complete(key, worker.uploadDirectory(key, new byte[] {2}));
  }

  private static LeaseReport.Progress progress(int step) {
    return new LeaseReport.Progress(step, 100, 0.5, 200.0, false);
  }

  /** Micrometer keeps the largest value of a histogram's last minutes beside it. */
  private static boolean isLargestOf(Scrape.Family family, Scrape scrape) {
    if (!family.name().endsWith("_max")) return false;
    Scrape.Family of = scrape.families().get(family.name().replaceFirst("_max$", ""));
    return of != null && of.type().equals("histogram");
  }

  private static String row(Scrape.Family family) {
    assertThat(family.help()).as(family.name()).isNotBlank();
    String labels =
        family.labels().isEmpty() ? "-" : "`" + String.join("`, `", family.labels()) + "`";
    return "| `%s` | %s | %s | %s |".formatted(family.name(), family.type(), labels, family.help());
  }

  private static Map<String, String> documented() throws IOException {
    Map<String, String> rows = new TreeMap<>();
    ROW.matcher(Files.readString(PAGE))
        .results()
        .filter(row -> row.group(1).startsWith("graft_"))
        .forEach(row -> rows.put(row.group(1), row.group()));
    return rows;
  }

  /** Those of Spring Boot that the page names. */
  private static List<String> ofOthers() throws IOException {
    return ROW.matcher(Files.readString(PAGE))
        .results()
        .map(row -> row.group(1))
        .filter(name -> !name.startsWith("graft_"))
        .toList();
  }

  private static void write(Map<String, String> rows) throws IOException {
    String page = Files.readString(PAGE);
    String head = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
    int begin = page.indexOf(head) + head.length();
    int end = page.indexOf("\n\n", begin - 1);
    Files.writeString(
        PAGE, page.substring(0, begin) + String.join("\n", rows.values()) + page.substring(end));
  }
}
