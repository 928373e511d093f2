package dev.graft.tenancy.limits;

import dev.graft.platform.security.RateLimiter;
import dev.graft.tenancy.Actor;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.TenancyProperties;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The rate limits of keys and departments. The buckets are rows, so they hold over all servers; see
 * {@code rate_take} in the migration.
 */
@Component
class RateLimits implements RateLimiter {
  private static final long MINUTE = Duration.ofMinutes(1).toMillis();

  /** A request that the department's bucket has no room for is taken out of the key's again. */
  private static final String TAKE =
      """
      with d as materialized (
             select coalesce(requests_per_minute, :of_department) as limit_ from department
              where id = :department),
           k as materialized (select * from rate_take('key ' || :account, :of_key)),
           t as materialized (
             select r.*, d.limit_ from d, lateral rate_take('department ' || :department, d.limit_) r
              where (select fits_in = interval '0' from k)),
           b as materialized (
             select rate_give_back('key ' || :account, :of_key) from t
              where t.fits_in > interval '0')
      select extract(epoch from k.empty_in) * 1000 as key_empty,
             extract(epoch from k.fits_in) * 1000 as key_wait,
             extract(epoch from t.empty_in) * 1000 as department_empty,
             extract(epoch from t.fits_in) * 1000 as department_wait,
             t.limit_ as department_limit, (select count(*) from b)
        from k left join t on true
      """;

  private static final String FORGET =
      "delete from rate_bucket where empty_at < graft_now() - interval '1 hour'";

  private final JdbcClient sql;
  private final TenancyProperties settings;

  RateLimits(JdbcClient sql, TenancyProperties settings) {
    this.sql = sql;
    this.settings = settings;
  }

  @Override
  public Turn take(Object principal) {
    Identity identity = (Identity) principal;
    Actor actor = identity.actor();
    String department = identity instanceof Caller caller ? caller.departmentId() : null;
    return take(actor.keyId() == null ? actor.account() : actor.keyId(), department);
  }

  Turn take(String account, @Nullable String department) {
    return sql.sql(TAKE)
        .param("account", account)
        .param("department", department)
        .param("of_key", settings.requestsPerMinuteOfKey())
        .param("of_department", settings.requestsPerMinute())
        .query(this::tighter)
        .single();
  }

  private Turn tighter(ResultSet row, int number) throws SQLException {
    Turn key =
        turn(
            settings.requestsPerMinuteOfKey(),
            row.getDouble("key_empty"),
            row.getDouble("key_wait"),
            "key");
    double empty = row.getDouble("department_empty");
    if (row.wasNull()) return key;
    Turn department =
        turn(row.getInt("department_limit"), empty, row.getDouble("department_wait"), "project");
    return department.remaining() < key.remaining() || department.retryIn().isPositive()
        ? department
        : key;
  }

  private static Turn turn(int limit, double emptyInMillis, double waitMillis, String whose) {
    // What fits at once into what is left of the minute, less the rounding of its shares.
    int remaining = (int) Math.floor((MINUTE - emptyInMillis) * limit / MINUTE + 1e-3);
    return new Turn(
        limit,
        Math.max(0, remaining),
        Duration.ofMillis(Math.round(emptyInMillis)),
        Duration.ofMillis((long) Math.ceil(waitMillis)),
        whose);
  }

  @Scheduled(fixedDelayString = "PT10M", initialDelayString = "PT10M")
  void forget() {
    sql.sql(FORGET).update();
  }
}
