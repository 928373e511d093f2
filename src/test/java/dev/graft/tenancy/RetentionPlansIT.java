package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.ObservedPlans;
import dev.graft.pg.ObservedPlans.Values;
import dev.graft.pg.Plan;
import dev.graft.pg.TestPostgres;
import dev.graft.platform.Ids;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** With 40,000 notices of 100 departments a page and a batch read what they give. */
@ParameterizedClass
@EnumSource
class RetentionPlansIT {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
  private static final int PAGE = 21;
  private static final TestPostgres.Address DATABASE = load();

  private final ObservedPlans plans;
  private final RetentionNotices notices;

  RetentionPlansIT(Values values) {
    plans = ObservedPlans.over(DATABASE, values);
    notices = new RetentionNotices(plans.client(), new Ids(Clock.systemUTC()));
  }

  private static TestPostgres.Address load() {
    TestPostgres.Address address = TestPostgres.migrated();
    JdbcClient sql =
        JdbcClient.create(
            new DriverManagerDataSource(address.url(), address.user(), address.password()));
    sql.sql(
            """
            insert into department (id, name, max_running, created_at)
            select 'proj_' || n, 'd' || n, 1, graft_now() from generate_series(0, 99) n
            """)
        .update();
    sql.sql(
            """
            insert into retention_notice (id, department_id, kind, resource_id, name, since, noticed_at, delete_at)
            select 'notice_' || n, 'proj_' || n % 100, 'datasets', 'file-' || n, 'a', t.at, t.at, t.at
              from generate_series(1, 40000) n,
                   lateral (select timestamptz '2026-01-01 00:00:00Z' + n * interval '1 s' as at) t
            """)
        .update();
    sql.sql("vacuum analyze").update();
    return address;
  }

  @AfterEach
  void disconnect() {
    plans.close();
  }

  @Test
  void aPageOfADepartmentReadsThatPage() {
    List<RetentionNotices.Notice> page = notices.page("proj_7", null, PAGE);
    assertThat(page).hasSize(PAGE);
    assertRead(plans.only(), PAGE);
    assertThat(notices.page("proj_7", page.getLast().id(), PAGE))
        .hasSize(PAGE)
        .doesNotContainAnyElementsOf(page);
    assertRead(plans.only(), 2 * PAGE + 1);
  }

  @Test
  void aBatchReadsWhatIsDue() {
    List<RetentionNotices.Notice> due = notices.due(BEGIN.plusSeconds(15), null, PAGE);
    assertThat(due).hasSize(15);
    assertRead(plans.only(), 15);
    assertThat(notices.due(BEGIN.plusSeconds(15), due.getLast(), PAGE)).isEmpty();
    assertRead(plans.only(), 15);
  }

  private static void assertRead(Plan plan, int rows) {
    assertThat(plan.tablesReadWhole()).as(plan.toString()).isEmpty();
    assertThat(plan.rowsRead("retention_notice")).as(plan.toString()).isLessThanOrEqualTo(rows);
    assertThat(plan.mostRowsSorted()).isZero();
  }
}
