package dev.graft.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.ObservedPlans;
import dev.graft.pg.ObservedPlans.Values;
import dev.graft.pg.Plan;
import dev.graft.pg.TestPostgres;
import dev.graft.tenancy.Retained;
import java.time.Clock;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** With 20,000 files of a department, what retention tells of is found by their age. */
@ParameterizedClass
@EnumSource
class RetainedDatasetsIT {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
  private static final TestPostgres.Address DATABASE = load();

  private final ObservedPlans plans;
  private final RetainedDatasets datasets;

  RetainedDatasetsIT(Values values) {
    plans = ObservedPlans.over(DATABASE, values);
    datasets = new RetainedDatasets(plans.client(), null, null, null, Clock.systemUTC());
  }

  private static TestPostgres.Address load() {
    TestPostgres.Address address = TestPostgres.migrated();
    JdbcClient sql =
        JdbcClient.create(
            new DriverManagerDataSource(address.url(), address.user(), address.password()));
    sql.sql(
            """
            insert into department (id, name, max_running, created_at) values ('proj_1', 'd', 1, graft_now())
            """)
        .update();
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, created_at)
            select 'file-' || n, 'proj_1', n || '.jsonl', 'fine-tune', 4, repeat('a', 64), 'processed',
                   timestamptz '2026-01-01 00:00:00Z' + n * interval '1 s'
              from generate_series(1, 20000) n
            """)
        .update();
    sql.sql(
            """
            insert into retention_notice (id, department_id, kind, resource_id, name, since, noticed_at, delete_at)
            select id, department_id, 'datasets', id, filename, created_at, created_at, created_at
              from file where created_at <= timestamptz '2026-01-01 00:00:40Z'
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
  void onlyOldFilesAreReadAndThoseWithoutANoticeFound() {
    assertThat(datasets.untold("proj_1", BEGIN.plusSeconds(50), 100))
        .extracting(Retained.Thing::name)
        .hasSize(10)
        .startsWith("41.jsonl")
        .endsWith("50.jsonl");
    Plan plan = plans.only();
    assertThat(plan.tablesReadWhole()).as(plan.toString()).doesNotContain("file");
    assertThat(plan.rowsRead("file")).as(plan.toString()).isLessThanOrEqualTo(50);
    assertThat(datasets.untold("proj_2", BEGIN.plusSeconds(50), 100)).isEmpty();
  }
}
