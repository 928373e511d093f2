package dev.graft.tenancy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Creates the monthly partitions of the audit log before each month begins, and drops them when
 * their retention ends. Several servers may do so at once.
 */
@Component
class AuditMonths {
  private static final Logger log = LoggerFactory.getLogger(AuditMonths.class);
  private static final int AHEAD = 2;

  /** Partition names end with their month, or with the month that they extend to. */
  private static final String OVER =
      """
      select c.relname from pg_inherits join pg_class c on c.oid = inhrelid
       where inhparent = 'audit_log'::regclass and c.relname ~ '^audit_log_(until_)?[0-9]{4,}_[0-9]{2}$'
         and to_date(substring(c.relname from '[0-9]+_[0-9]+$'), 'YYYY_MM')
             + case when c.relname like '%until%' then interval '0' else interval '1 month' end
             <= audit_log_first_of_month(graft_now()) at time zone 'UTC' - :months * interval '1 month'
       order by c.relname
      """;

  private final JdbcClient sql;
  private final AuditProperties settings;
  private final AuditLog audit;
  private final TransactionTemplate transaction;

  AuditMonths(
      JdbcClient sql, AuditProperties settings, AuditLog audit, TransactionTemplate transaction) {
    this.sql = sql;
    this.settings = settings;
    this.audit = audit;
    this.transaction = transaction;
  }

  @Scheduled(fixedDelay = 6, timeUnit = TimeUnit.HOURS)
  void turn() {
    make();
    if (settings.keepMonths() != null) dropOlderThan(settings.keepMonths());
  }

  void make() {
    transaction.executeWithoutResult(
        status ->
            sql.sql("select audit_log_make_months(:ahead)").param("ahead", AHEAD).query(row -> {}));
  }

  /**
   * Drops the partitions that are older than this many whole months.
   *
   * @return the names of the dropped partitions
   */
  List<String> dropOlderThan(int months) {
    List<String> dropped = new ArrayList<>();
    for (String part : over(months)) {
      if (Boolean.TRUE.equals(transaction.execute(status -> drop(part)))) dropped.add(part);
    }
    return dropped;
  }

  private List<String> over(int months) {
    return sql.sql(OVER)
        .param("months", months)
        .query((row, number) -> row.getString("relname"))
        .list();
  }

  /** Returns false if another server has dropped the partition. */
  private boolean drop(String part) {
    sql.sql("select pg_advisory_xact_lock(hashtextextended('months of the audit log', 0))")
        .query(row -> {});
    boolean there =
        sql.sql("select to_regclass(:part) is not null")
            .param("part", part)
            .query(Boolean.class)
            .single();
    if (!there) return false;
    // OVER selects only names of letters, digits and underscores.
    long bytes =
        sql.sql("select pg_total_relation_size(:part::regclass)")
            .param("part", part)
            .query(Long.class)
            .single();
    sql.sql("drop table " + part).update();
    sql.sql(
            """
            delete from audit_denial d
             where not exists (select from audit_log l where l.id = d.entry_id)
            """)
        .update();
    audit.write("audit_log.deleted", null, part, Map.of("bytes", bytes, "reason", "retention"));
    log.atInfo().addKeyValue("month", part).addKeyValue("bytes", bytes).log("audit_month_dropped");
    return true;
  }

  /**
   * The audit log.
   *
   * @param keepMonths whole months (UTC) that entries are kept after the month they were written
   *     in; null = for ever
   */
  @ConfigurationProperties("graft.audit")
  record AuditProperties(@Nullable Integer keepMonths) {
    private static final int MOST = 1200;

    AuditProperties {
      if (keepMonths != null && (keepMonths < 1 || keepMonths > MOST)) {
        throw new IllegalArgumentException(
            "graft.audit.keep-months must be from 1 to %d, or unset".formatted(MOST));
      }
    }
  }
}
