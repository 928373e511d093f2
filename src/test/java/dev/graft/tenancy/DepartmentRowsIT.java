package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.platform.Cursor;
import dev.graft.tenancy.Limits.LimitSettings;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Two who write one row: administrators among themselves, and beside the queue. */
@GraftIT
class DepartmentRowsIT {
  @Autowired Departments departments;
  @Autowired JdbcClient sql;
  @Autowired PlatformTransactionManager transactions;
  @Autowired MovableClock clock;
  private String id = "";

  @BeforeEach
  void aDepartment() {
    id = departments.ensure("edited " + UUID.randomUUID());
  }

  @Test
  void ofTwoWhoChangeLimitsAtOnceTheSecondChangesWhatTheFirstHasLeft() throws Exception {
    try (ExecutorService other = Executors.newSingleThreadExecutor()) {
      Future<?>[] second = new Future<?>[1];
      departments.limit(
          id,
          said -> {
            second[0] =
                other.submit(() -> departments.limit(id, known -> running(known.requests(7), 5)));
            await().until(this::somebodyWaits);
            return running(said, 3).requests(9);
          });
      second[0].get();
    }
    assertThat(departments.limits(id))
        .returns(5, LimitSettings::maxRunningJobs)
        .returns(7, LimitSettings::maxRequestsPerMinute)
        .returns("off", LimitSettings::approval);
    departments.limit(id, said -> said.requests(8));
    assertThat(departments.limits(id)).returns(5, LimitSettings::maxRunningJobs);
  }

  @Test
  void theNewestIsFirstWhateverTheClockOfItsServerSays() {
    clock.move(Duration.ofDays(1));
    String first = departments.create("first " + UUID.randomUUID()).id();
    clock.reset();
    String second = departments.create("second " + UUID.randomUUID()).id();
    assertThat(departments.list(new Cursor(null, 2, Cursor.SortOrder.DESC), false))
        .extracting(Department::id)
        .startsWith(second, first);
  }

  @Test
  void anEditLeavesWhatAnotherHasChangedMeanwhile() {
    String name = "renamed " + UUID.randomUUID();
    edited(
        () -> {
          besides(() -> departments.rename(id, name));
          departments.permit(id, "deny_list", List.of("a model"));
        });
    assertThat(departments.get(id).orElseThrow().name()).isEqualTo(name);
    assertThat(row()).containsEntry("model_mode", "deny_list");
  }

  @Test
  void whatTheQueueCountsMeanwhileStands() {
    edited(
        () -> {
          besides(
              () ->
                  sql.sql(
                          """
                          update department
                             set running = 2, used = 3, month_seconds = 4, month = this_month()
                           where id = :id
                          """)
                      .param("id", id)
                      .update());
          departments.permit(id, "allow_list", List.of("one", "two"));
        });
    assertThat(row())
        .containsEntry("running", 2)
        .containsEntry("used", 3.0)
        .containsEntry("month_seconds", 4.0)
        .containsEntry("model_mode", "allow_list");
    // as many as it has jobs, which the server looks after
    sql.sql("update department set running = 0 where id = :id").param("id", id).update();
  }

  private static LimitSettings running(LimitSettings said, int jobs) {
    return new LimitSettings(
        jobs,
        said.maxQueuedJobs(),
        said.maxDeviceSecondsPerMonth(),
        said.maxStoredBytes(),
        said.maxPriority(),
        said.weight(),
        said.approval(),
        said.maxRequestsPerMinute());
  }

  private boolean somebodyWaits() {
    return sql.sql("select exists (select from pg_stat_activity where wait_event_type = 'Lock')")
        .query(Boolean.class)
        .single();
  }

  private Map<String, Object> row() {
    return sql.sql("select * from department where id = :id").param("id", id).query().singleRow();
  }

  /** In a transaction that has seen the department. */
  private void edited(Runnable edit) {
    new TransactionTemplate(transactions)
        .executeWithoutResult(
            status -> {
              assertThat(departments.get(id)).isPresent();
              edit.run();
            });
  }

  private void besides(Runnable work) {
    TransactionTemplate another = new TransactionTemplate(transactions);
    another.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    another.executeWithoutResult(status -> work.run());
  }
}
