package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.TestPostgres;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** An audit log that was one table becomes months, with all that it had. */
class AuditMigrationIT {
  private static final String ENTRY =
      """
      insert into audit_log (id, effective_at, type, resource_id, details)
      select 'audit_log-' || lpad(i::text, 26, '0'), now() - (1000 - i) * interval '1 day', 'file.deleted', 'thing-' || i,
             '{"n": 1}'
        from generate_series(:first::int, :last::int) i
      """;

  private static final String ALL =
      "select md5(string_agg(l::text, ',' order by id)) from audit_log l where id <= 'audit_log-'"
          + " || lpad('1000', 26, '0')";

  private final TestPostgres.Address database = TestPostgres.empty();
  private final DriverManagerDataSource source =
      new DriverManagerDataSource(database.url(), database.user(), database.password());
  private final JdbcClient sql = JdbcClient.create(source);

  private void migrate(String target) {
    Flyway.configure().dataSource(source).target(target).load().migrate();
  }

  private void write(int first, int last) {
    sql.sql(ENTRY).param("first", first).param("last", last).update();
  }

  private String one(String statement) {
    return sql.sql(statement).query(String.class).single();
  }

  @Test
  void everyEntryIsThereAfterwardsAndNewOnesGoIntoTheirMonth() {
    migrate("192");
    write(1, 1000);
    String before = one(ALL);
    migrate("latest");
    assertThat(one(ALL)).isEqualTo(before);
    assertThat(one("select count(*) from audit_log_other")).isEqualTo("0");
    assertThat(one("select distinct tableoid::regclass::text from audit_log"))
        .matches("audit_log_until_\\d{4}_\\d{2}");
    write(1001, 1030);
    assertThat(one("select count(*) from audit_log")).isEqualTo("1030");
    assertThat(
            one("select tableoid::regclass::text from audit_log where resource_id = 'thing-1030'"))
        .matches("audit_log_\\d{4}_\\d{2}|audit_log_until_\\d{4}_\\d{2}");
    assertThat(one("select count(*) from audit_log_other")).isEqualTo("0");
    assertThatThrownBy(
            () -> sql.sql("delete from audit_log where resource_id = 'thing-1'").update())
        .hasStackTraceContaining("append-only");
  }

  @Test
  void anEmptyLogBecomesMonthsToo() {
    migrate("192");
    migrate("latest");
    write(1000, 1000);
    assertThat(one("select count(*) from audit_log")).isEqualTo("1");
  }
}
