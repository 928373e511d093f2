package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.Departments;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;

/**
 * Two departments on four workers with real processes and real time: a minute or so, so it runs
 * when it is asked for. {@code FairShareIT} has the same in simulated hours.
 */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(
    properties = {"graft.jobs.claim-poll=50ms", "graft.jobs.fair-share.entry-penalty=500ms"})
class FairnessProof {
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final int MANY = 400;
  private static final int FEW = 50;

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired JdbcClient sql;
  @Autowired Departments departments;
  private final List<Process> workers = new ArrayList<>();

  @AfterEach
  void stopWorkers() throws Exception {
    for (Process worker : workers) worker.destroyForcibly().waitFor();
    server.awaitNoRequests();
  }

  @Test
  void equalWeightsGetEqualDeviceTimeHoweverUnequalTheirBacklogs() throws Exception {
    String many = backlog(MANY, "{\"steps\":1,\"step_ms\":300}");
    String few = backlog(FEW, "{\"steps\":1,\"step_ms\":700}");
    for (String name : List.of("one", "two", "three", "four")) {
      Path home = directory.resolve(name);
      workers.add(TestWorker.start(home, "http://127.0.0.1:" + port, server.joinToken()));
    }
    // Until the shorter backlog is nearly done: from then on there is nothing to share.
    await().atMost(LONG).until(() -> waiting(few) <= 4);
    double ofMany = deviceSeconds(many);
    double ofFew = deviceSeconds(few);
    System.out.printf(
        Locale.ROOT,
        "{\"what\":\"fairness\",\"workers\":4,\"jobs\":[%d,%d],\"device_seconds\":[%.1f,%.1f],\"ratio\":%.3f}%n",
        MANY,
        FEW,
        ofMany,
        ofFew,
        ofMany / ofFew);
    assertThat(waiting(many)).isPositive();
    assertThat(ofMany).isCloseTo(ofFew, withinPercentage(5));
    assertThat(server.violations()).isEmpty();
  }

  private String backlog(int jobs, String plan) throws Exception {
    String department = departments.ensure("d-" + jobs);
    sql.sql("update department set max_running = 4 where id = :id")
        .param("id", department)
        .update();
    for (int i = 0; i < jobs; i++) server.submitOf(department, plan, directory);
    return department;
  }

  private int waiting(String department) {
    return sql.sql("select count(*) from job where department_id = :id and state = 'queued'")
        .param("id", department)
        .query(Integer.class)
        .single();
  }

  /** Of leases that ended and of those that live. */
  private double deviceSeconds(String department) {
    return sql.sql(
            """
            select sum(extract(epoch from coalesce(l.ended_at, graft_now()) - l.claimed_at))
              from job_lease l join job j on j.id = l.job_id where j.department_id = :id
            """)
        .param("id", department)
        .query(Double.class)
        .single();
  }
}
