package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.AuditEntries.Filters;
import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** The audit log by months. */
@GraftIT
class AuditMonthsIT {
  private static final Duration MONTH = Duration.ofDays(31);

  @Autowired AuditMonths months;
  @Autowired AuditEntries entries;
  @Autowired AuditLog audit;
  @Autowired TransactionTemplate transactions;
  @Autowired JdbcClient sql;
  private final String mine = "thing-" + UUID.randomUUID();
  private Duration ahead = Duration.ZERO;

  private String month() {
    return month(Duration.ZERO);
  }

  private String month(Duration later) {
    Instant at = Instant.now().plus(ahead).plus(later);
    YearMonth month = YearMonth.from(at.atZone(ZoneOffset.UTC));
    return "audit_log_%d_%02d".formatted(month.getYear(), month.getMonthValue());
  }

  /** By the database's clock, so far ahead. */
  private <T> T then(Supplier<T> what) {
    return Objects.requireNonNull(
        transactions.execute(
            status -> {
              sql.sql("select set_config('graft.clock_offset', ?, true)")
                  .param(ahead.toSeconds() + " seconds")
                  .query(String.class)
                  .single();
              return what.get();
            }));
  }

  private void write(String type) {
    then(
        () -> {
          audit.write(type, null, mine, Map.of());
          return type;
        });
  }

  private void make() {
    then(
        () -> {
          months.make();
          return true;
        });
  }

  private List<String> drop() {
    return then(() -> months.dropOlderThan(3));
  }

  private List<String> written() {
    Filters query =
        new Filters(null, null, List.of(), List.of(), List.of(), List.of(), List.of(mine));
    return entries.oldest(query, "", 100).stream().map(AuditEntries.Entry::type).toList();
  }

  private List<String> where() {
    return sql.sql(
            "select tableoid::regclass::text from audit_log where resource_id = ? order by id")
        .param(mine)
        .query(String.class)
        .list();
  }

  private List<String> partitions() {
    return sql.sql(
            "select relname from pg_inherits join pg_class c on c.oid = inhrelid where inhparent ="
                + " 'audit_log'::regclass")
        .query(String.class)
        .list();
  }

  @Test
  void everyMonthIsMadeBeforeItBegins() {
    ahead = ahead.plus(MONTH.multipliedBy(12));
    make();
    assertThat(partitions()).contains(month(), month(MONTH));
    write("first");
    assertThat(where()).containsExactly(month());
  }

  @Test
  void entriesThatFellOutsideOfAllMonthsGetTheirs() {
    ahead = ahead.plus(MONTH.multipliedBy(40));
    String first = month();
    write("first");
    ahead = ahead.plus(MONTH.multipliedBy(5));
    write("second");
    assertThat(where()).containsExactly("audit_log_other", "audit_log_other");
    make();
    assertThat(where()).containsExactly(first, month());
    assertThat(written()).containsExactly("first", "second");
    write("third");
    make();
    assertThat(written()).containsExactly("first", "second", "third");
  }

  @Test
  void monthsThatLieBackLongEnoughAreDroppedWholeAndThatIsAnEntry() {
    ahead = ahead.plus(MONTH.multipliedBy(80));
    make();
    String month = month();
    write("first");
    then(
        () -> {
          audit.denied("access.denied", null, null, mine, Map.of());
          return true;
        });
    ahead = ahead.plus(MONTH.multipliedBy(3));
    make();
    write("second");
    assertThat(drop()).doesNotContain(month);
    ahead = ahead.plus(MONTH);
    assertThat(drop()).contains(month);
    assertThat(
            sql.sql(
                    """
                    select count(*) from audit_denial d
                     where not exists (select from audit_log l where l.id = d.entry_id)
                    """)
                .query(Integer.class)
                .single())
        .isZero();
    assertThat(written()).containsExactly("second");
    Filters dropped =
        new Filters(null, null, List.of(), List.of(), List.of(), List.of(), List.of(month));
    assertThat(entries.oldest(dropped, "", 10))
        .singleElement()
        .satisfies(
            entry -> {
              assertThat(entry.type()).isEqualTo("audit_log.deleted");
              assertThat(entry.details()).contains("\"reason\": \"retention\"");
            });
    assertThat(drop()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update %s set type = 'nothing'",
        "delete from %s",
        "truncate %s",
      })
  void aMonthThatIsNamedByItselfRefusesWhateverIsNotAnAddition(String statement) {
    write("first");
    String month = where().getFirst();
    for (String replica : List.of("origin", "replica")) {
      assertThatThrownBy(
              () ->
                  sql.sql(
                          "set session_replication_role = %s; ".formatted(replica)
                              + statement.formatted(month))
                      .update())
          .hasStackTraceContaining("append-only");
    }
  }
}
