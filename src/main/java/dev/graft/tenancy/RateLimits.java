package dev.graft.tenancy;

import dev.graft.platform.RateLimiter;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The rate limits of keys and departments. The buckets are rows, so they hold over all servers;
 * each server takes a few requests out of them at a time ({@link RateAllowance}; {@code rate_lease}
 * in the migration), and so may be that few off.
 */
@Component
class RateLimits implements RateLimiter {
  private static final Duration IDLE = Duration.ofMinutes(5);

  private static final String LEASE =
      """
      select l.limit_, r.granted,
             (extract(epoch from r.empty_in) * 1e9)::bigint as empty_in,
             (extract(epoch from r.fits_in) * 1e9)::bigint as fits_in
        from (select coalesce((select requests_per_minute from department where id = :department::text),
                              :limit) as limit_) l,
             lateral rate_lease(:bucket, l.limit_,
                                least(:wanted, greatest(1, l.limit_ / :leases))) r
      """;

  private static final String FORGET =
      "delete from rate_bucket where empty_at < graft_now() - interval '1 hour'";

  private final JdbcClient sql;
  private final TenancyProperties settings;
  private final Map<String, RateAllowance> allowances = new ConcurrentHashMap<>();

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

  /** A request that the department has no room for costs the key nothing. */
  Turn take(String account, @Nullable String department) {
    String keyBucket = "key " + account;
    RateAllowance ofKey = allowances.computeIfAbsent(keyBucket, name -> new RateAllowance("key"));
    Turn key =
        ofKey.take(wanted -> lease(keyBucket, null, settings.requestsPerMinuteOfKey(), wanted));
    if (department == null || key.retryIn().isPositive()) return key;
    String bucket = "department " + department;
    Turn all =
        allowances
            .computeIfAbsent(bucket, name -> new RateAllowance("project"))
            .take(wanted -> lease(bucket, department, settings.requestsPerMinute(), wanted));
    if (all.retryIn().isPositive()) ofKey.giveBack();
    return all.remaining() < key.remaining() || all.retryIn().isPositive() ? all : key;
  }

  private RateAllowance.Granted lease(
      String bucket, @Nullable String department, int limit, int wanted) {
    return sql.sql(LEASE)
        .param("bucket", bucket)
        .param("department", department)
        .param("limit", limit)
        .param("wanted", wanted)
        .param("leases", RateAllowance.LEASES_A_MINUTE)
        .query(RateLimits::lease)
        .single();
  }

  private static RateAllowance.Granted lease(ResultSet row, int number) throws SQLException {
    return new RateAllowance.Granted(
        row.getInt("limit_"),
        row.getInt("granted"),
        row.getLong("empty_in"),
        row.getLong("fits_in"));
  }

  @EventListener
  void forget(DepartmentErased erased) {
    String bucket = "department " + erased.departmentId();
    allowances.remove(bucket);
    sql.sql("delete from rate_bucket where name = :bucket").param("bucket", bucket).update();
  }

  /** By then the buckets are empty without what was taken. */
  @Scheduled(fixedDelayString = "PT10M", initialDelayString = "PT10M")
  void forget() {
    allowances.values().removeIf(each -> each.unusedFor(IDLE));
    sql.sql(FORGET).update();
  }
}
