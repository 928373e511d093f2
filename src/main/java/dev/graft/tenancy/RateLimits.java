package dev.graft.tenancy;

import dev.graft.platform.RateLimiter;
import dev.graft.platform.RateLimiter.Turn;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.springframework.context.event.EventListener;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/**
 * The rate limits of keys and departments. The buckets are rows, so that the limits hold for all
 * servers together. Each server takes a few requests out of a bucket at a time ({@link
 * RateAllowance}; {@code rate_lease} in the migration), so a limit is exact up to these few.
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

  /** Takes a request from both buckets. If the department has none left, the key keeps its own. */
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
  void forget(DepartmentRemoval.DepartmentErased erased) {
    String bucket = "department " + erased.departmentId();
    allowances.remove(bucket);
    sql.sql("delete from rate_bucket where name = :bucket").param("bucket", bucket).update();
  }

  /** Deletes idle buckets: they are empty by then, with or without a row. */
  @Scheduled(fixedDelayString = "PT10M", initialDelayString = "PT10M")
  void forget() {
    allowances.values().removeIf(each -> each.unusedFor(IDLE));
    sql.sql(FORGET).update();
  }

  /**
   * The requests that this server has taken out of one bucket and not used yet. A lease is a
   * hundredth of a minute's requests; a server holds no more than that.
   */
  static final class RateAllowance {
    static final int LEASES_A_MINUTE = 100;

    /** A full bucket is asked again after this time, since its limit may have changed. */
    private static final long AGAIN = TimeUnit.SECONDS.toNanos(1);

    /** Leased requests are used for this long; after that, the limit may have changed. */
    private static final long HELD = TimeUnit.SECONDS.toNanos(10);

    private static final double MINUTE = TimeUnit.MINUTES.toNanos(1);

    /** Leases requests from a bucket. */
    @FunctionalInterface
    interface Bucket {
      Granted lease(int requests);
    }

    /**
     * @param limit current limit, in requests a minute
     * @param granted how many of the wanted requests were granted
     * @param emptyIn nanoseconds until the bucket is empty
     * @param fitsIn nanoseconds until one more fits; zero if any was granted
     */
    record Granted(int limit, int granted, long emptyIn, long fitsIn) {}

    private final String whose;
    private final LongSupplier nanos;
    private Granted last = new Granted(LEASES_A_MINUTE, 0, 0, 0);
    private long at;
    private int left;

    /**
     * @param whose see {@link Turn}
     */
    RateAllowance(String whose) {
      this(whose, System::nanoTime);
    }

    RateAllowance(String whose, LongSupplier nanos) {
      this.whose = whose;
      this.nanos = nanos;
      this.at = nanos.getAsLong();
    }

    /** Lets one request through, or returns when to retry. Concurrent requests wait. */
    synchronized Turn take(Bucket bucket) {
      long now = nanos.getAsLong();
      if (now - at >= (left == 0 ? Math.min(last.fitsIn(), AGAIN) : HELD)) {
        Granted next = bucket.lease(Math.max(1, last.limit() / LEASES_A_MINUTE - left));
        left = (next.limit() == last.limit() ? left : 0) + next.granted();
        last = next;
        at = now;
      }
      boolean passes = left > 0;
      if (passes) left--;
      return turn(now, passes);
    }

    /** Gives a request back that another limit has refused. */
    synchronized void giveBack() {
      left++;
    }

    synchronized boolean unusedFor(Duration time) {
      return nanos.getAsLong() - at > time.toNanos();
    }

    private Turn turn(long now, boolean passes) {
      double share = MINUTE / last.limit();
      double empty = Math.max(0, last.emptyIn() - (now - at) - left * share);
      // The requests that fit into the rest of the minute; 1e-3 allows for rounded shares.
      int remaining = (int) Math.floor((MINUTE - empty) / share + 1e-3);
      long wait = passes ? 0 : Math.max(1, last.fitsIn() - (now - at));
      return new Turn(
          last.limit(),
          Math.clamp(remaining, 0, last.limit()),
          Duration.ofMillis(Math.round(empty / 1e6)),
          Duration.ofMillis((long) Math.ceil(wait / 1e6)),
          whose);
    }
  }
}
