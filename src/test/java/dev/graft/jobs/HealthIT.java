package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariDataSource;
import dev.graft.ExpectedLog;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.tenancy.Departments;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.ApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.scheduling.config.ScheduledTask;
import org.springframework.scheduling.config.ScheduledTaskHolder;
import org.springframework.scheduling.config.TaskExecutionOutcome;
import org.springframework.test.context.TestPropertySource;

/** What probes ask is what another server would answer otherwise. */
@GraftIT
@RestingLoops
@TestPropertySource(properties = HealthIT.OF_ITS_OWN)
class HealthIT {
  /** So is its database then: rows of other tests break invariants. */
  static final String OF_ITS_OWN = "spring.application.name=graft-health";

  private static final List<String> PROBES = List.of("/startupz", "/livez", "/readyz");

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired JdbcClient sql;
  @Autowired DataSource database;
  @Autowired QueueSchedules schedules;
  @Autowired MeterRegistry meters;
  @Autowired ApplicationContext context;
  @Autowired ScheduledTaskHolder scheduled;

  @Test
  void aBrokenInvariantIsAMetricAndTakesNoServerOut() throws Exception {
    String department = departments.ensure("support");
    await().until(this::hasLooked); // or it mends what this test breaks
    sql.sql("update department set running = 7 where id = ?").param(department).update();
    assertThat(status("/actuator/health")).isEqualTo(503);
    for (String probe : PROBES) assertThat(status(probe)).as(probe).isEqualTo(200);
    try (var _ = ExpectedLog.of(QueueSchedules.class, "invariant_broken");
        var _ =
            ExpectedLog.of(
                "dev.graft.jobs.QueueInvariants$CounterRepair", "running_counter_repaired")) {
      schedules.check(); // and mends it
    }
    assertThat(broken()).isEqualTo(1);
    schedules.check();
    assertThat(broken()).isZero();
    assertThat(status("/actuator/health")).isEqualTo(200);
  }

  @Test
  void aBusyServerIsReady() throws Exception {
    int all = database.unwrap(HikariDataSource.class).getMaximumPoolSize();
    List<Connection> taken = new ArrayList<>();
    try {
      while (taken.size() < all) taken.add(database.getConnection());
      for (String probe : PROBES) assertThat(status(probe)).as(probe).isEqualTo(200);
    } finally {
      for (Connection each : taken) each.close();
    }
  }

  @Test
  void aServerThatStopsIsNotReadyAndIsNotKilled() throws Exception {
    AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
    try {
      assertThat(status("/readyz")).isEqualTo(503);
      assertThat(status("/livez")).isEqualTo(200);
    } finally {
      AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);
    }
  }

  @Test
  void aServerWithoutItsDatabaseIsNotReady() {
    JdbcClient away =
        JdbcClient.create(new DriverManagerDataSource("jdbc:postgresql://127.0.0.1:9/graft"));
    try (var _ =
        ExpectedLog.of(WorkerConnections.DatabaseHealth.class, "the database does not answer")) {
      Health health = new WorkerConnections.DatabaseHealth(away).health();
      assertThat(health.getStatus()).isEqualTo(Status.DOWN);
    }
  }

  /** Whether the server's look of its start has ended. */
  private boolean hasLooked() {
    return scheduled.getScheduledTasks().stream()
        .map(ScheduledTask::getTask)
        .filter(task -> task.toString().endsWith("QueueSchedules.check"))
        .anyMatch(
            task -> task.getLastExecutionOutcome().status() == TaskExecutionOutcome.Status.SUCCESS);
  }

  private double broken() {
    return meters.get("graft.queue.invariants.broken").gauge().value();
  }

  private int status(String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
            HttpResponse.BodyHandlers.discarding())
        .statusCode();
  }
}
