package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.pg.GraftIT;
import dev.graft.platform.Traces;
import dev.graft.spec.Resources;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/** How long a run may take, and a call to the database. */
@GraftIT
@Import(QueueServer.class)
class RunLimitsIT {
  private static final Device CPU = new Device("cpu", null);
  private static final JobRun.RunTimes TIMES =
      new JobRun.RunTimes(Duration.ofMillis(50), Duration.ofSeconds(10), Duration.ofMillis(200));

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired JdbcClient sql;
  @Autowired DataSource connections;

  @Autowired Flyway migrations;
  @Autowired Map<String, DataSource> checked; // by /actuator/health, each

  private HttpLeaseProtocol protocol; // set before each test

  @BeforeEach
  void aWorkerThatJoined() throws IOException {
    URI uri = URI.create("http://127.0.0.1:" + port);
    WorkerProperties settings =
        TestWorker.settings(directory.resolve("worker"), uri.toString(), server.joinToken());
    protocol = TestWorker.join(settings, uri);
  }

  @Test
  @Timeout(120)
  void aTrainerThatHangsIsKilledAndTheAttemptCounted() throws Exception {
    QueueServer.Submitted job =
        server.submitAsking(within(null, 3L), "{\"steps\":9,\"hang_at\":3}", directory);
    try (var log =
        ExpectedLog.of("dev.graft.worker", "run_over_its_limit", "trainer_failed")
            .about("job", job.id())) {
      run(job);
      assertThat(log.seen()).containsExactly("run_over_its_limit", "trainer_failed");
    }
    assertThat(server.failures(job)).isOne();
    assertThat(server.state(job)).isEqualTo("queued");
    assertThat(server.failure(job)).contains("no_progress", "made no step for 3 s");
    assertThat(ProcessHandle.current().children()).noneMatch(FakeTrainer::is);
    server.cancel(job);
  }

  @Test
  @Timeout(120)
  void aJobThatRunsLongerThanItMayFailsForGood() throws Exception {
    QueueServer.Submitted job =
        server.submitAsking(within(2L, null), "{\"steps\":100000,\"step_ms\":20}", directory);
    try (var log =
        ExpectedLog.of("dev.graft.worker", "run_over_its_limit", "trainer_failed")
            .about("job", job.id())) {
      run(job);
      assertThat(log.seen()).containsExactly("run_over_its_limit", "trainer_failed");
    }
    assertThat(server.state(job)).isEqualTo("failed");
    assertThat(server.failure(job)).contains("time_limit", "longer than its max_run_seconds");
  }

  @Test
  void whatEarlierRunsHaveTakenOfTheTimeIsGone() throws Exception {
    QueueServer.Submitted job = server.submitAsking(within(3_600L, null), "{}", directory);
    protocol.release(claim(job).key());
    sql.sql("update job_lease set claimed_at = ended_at - interval '59 min' where job_id = ?")
        .param(job.id())
        .update();
    Lease second = claim(job);
    assertThat(second.limits().maxRunMs()).isBetween(50_000L, 60_000L);
    assertThat(second.limits().noProgressMs()).isEqualTo(7_200_000);
    protocol.release(second.key());
    server.cancel(job);
  }

  @Test
  void leasesAreRenewedWhileRequestsHoldEveryConnection() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    Lease lease = claim(job);
    List<Connection> held = new ArrayList<>();
    try {
      for (int i = 0; i < 10; i++) held.add(connections.getConnection());
      assertThat(protocol.renew(lease.key(), LeaseReport.empty(1)))
          .isEqualTo(new Directive.Continue());
    } finally {
      for (Connection each : held) each.close();
    }
    protocol.release(lease.key());
    server.cancel(job);
  }

  @Test
  void whoeverAsksTheDatabaseWaitsForItAsLongAsHeMayAndForNoCompiler() throws Exception {
    assertThat(timeouts(connections)).containsExactly("45s", "30s", "1min", "off");
    assertThat(QueueServer.onWorkerConnections(() -> timeouts(connections)))
        .containsExactly("8s", "5s", "1min", "off");
    assertThat(timeouts(migrations.getConfiguration().getDataSource())).startsWith("0", "0");
    assertThat(checked).containsOnlyKeys("dataSource");
  }

  private static List<String> timeouts(DataSource source) {
    JdbcClient sql = JdbcClient.create(source);
    return Stream.of(
            "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "jit")
        .map(name -> sql.sql("show " + name).query(String.class).single())
        .toList();
  }

  private static Resources within(@Nullable Long maxRun, @Nullable Long noProgress) {
    return new Resources(null, null, null, null, null, maxRun, noProgress);
  }

  private void run(QueueServer.Submitted job) throws Exception {
    run(claim(job), CPU, TestWorker.fakeTrainer());
  }

  private Lease claim(QueueServer.Submitted job) {
    Lease lease =
        protocol.claim(Device.UNKNOWN, Duration.ofSeconds(5), UUID.randomUUID()).orElseThrow();
    assertThat(lease.key().jobId()).isEqualTo(job.id());
    return lease;
  }

  private void run(Lease lease, Device device, TrainerCommandLine trainer) throws Exception {
    JobRun run =
        new JobRun(
            lease,
            new TrainerDevices.TrainerDevice(device, trainer, TrainerDevices.DeviceMeter.NONE),
            protocol,
            TIMES,
            new StopTimes(directory),
            RunTrace.begin(Traces.NONE, lease));
    TestWorker.run(run, protocol, directory);
  }
}
