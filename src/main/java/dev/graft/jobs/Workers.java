package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import dev.graft.platform.BearerAuthenticator;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * The workers of this installation. A worker joins once with a single-use token and from then on
 * sends a credential of its own: {@link WorkerCredentials}.
 */
@Service
class Workers {
  private static final String ID_PREFIX = "wkr_";

  private static final String SELECT =
      """
      -- workers
      select w.*, l.jobs,
             case when credential_hash is not null then credential_expires_at end as expires_at,
             coalesce(w.last_seen_at > graft_now() - interval '1 minute', false)
               or l.jobs <> '{}' as online
        from worker w cross join lateral
             (select coalesce(array_agg(job_id order by job_id), '{}') as jobs from job_lease
               where worker_id = w.id and ended_at is null) l
       where w.revoked_at is null
      """;

  private final JdbcClient sql;
  private final Ids ids;
  private final WorkersProperties settings;
  private final LeaseDesk desk;
  private final AuditLog audit;

  Workers(JdbcClient sql, Ids ids, WorkersProperties settings, LeaseDesk desk, AuditLog audit) {
    this.sql = sql;
    this.ids = ids;
    this.desk = desk;
    this.audit = audit;
    this.settings = settings;
  }

  /** Uses up the token; returns empty if the token is unknown, used, expired or revoked. */
  Optional<LeaseWire.Joined> join(String token, String name) {
    String id = ids.next(ID_PREFIX);
    String credential = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
    int joined =
        sql.sql(
                """
                -- join
                with t as (update worker_join_token set used_at = graft_now(), worker_id = :id
                            where token_hash = :token and used_at is null
                              and revoked_at is null
                              and expires_at > graft_now()
                           returning class)
                insert into worker (id, name, class, credential_hash, credential_expires_at, created_at)
                select :id, :name, class, :credential, graft_now() + :lifetime * interval '1 second',
                       graft_now()
                  from t
                """)
            .param("token", Secrets.hash(token))
            .param("id", id)
            .param("name", name)
            .param("credential", Secrets.hash(credential))
            .param("lifetime", settings.credentialLifetime().toSeconds())
            .update();
    return joined == 1 ? Optional.of(new LeaseWire.Joined(id, credential)) : Optional.empty();
  }

  /**
   * A worker as administrators see it.
   *
   * @param lastSeenAt null = it has not called yet
   * @param online whether it has called in the last minute, or has a job
   * @param jobs ids of the jobs that it trains
   * @param credentialExpiresAt null = it has no credential
   * @param cordonedAt since when it gets no new job; null = it gets jobs
   * @param draining whether it should give its jobs back
   */
  record Worker(
      String id,
      String name,
      String workerClass,
      Instant createdAt,
      @Nullable Instant lastSeenAt,
      @Nullable Instant credentialExpiresAt,
      boolean online,
      List<String> jobs,
      @Nullable Instant cordonedAt,
      boolean draining) {
    static Worker of(ResultSet row, int number) throws SQLException {
      return new Worker(
          row.getString("id"),
          row.getString("name"),
          row.getString("class"),
          ResultColumns.time(row, "created_at"),
          ResultColumns.timeOrNull(row, "last_seen_at"),
          ResultColumns.timeOrNull(row, "expires_at"),
          row.getBoolean("online"),
          ResultColumns.texts(row, "jobs"),
          ResultColumns.timeOrNull(row, "cordoned_at"),
          row.getBoolean("draining"));
    }
  }

  /**
   * Returns a page of the workers that called in the last 30 days, newest first. An unknown cursor
   * gives an empty page.
   *
   * @param after id of the last worker of the page before; null = the first page
   */
  List<Worker> list(@Nullable String after, int limit) {
    return sql.sql(
            SELECT
                + """
                   and (:after::text is null or w.id < (select id from worker where id = :after))
                   and (greatest(w.created_at, w.last_seen_at) > graft_now() - interval '30 days'
                        or l.jobs <> '{}')
                 order by w.id desc limit :limit
                """)
        .param("after", after)
        .param("limit", limit)
        .query(Worker::of)
        .list();
  }

  Optional<Worker> find(String id) {
    return sql.sql(SELECT + " and w.id = :id").param("id", id).query(Worker::of).optional();
  }

  /** An order of an administrator, in the words that Kubernetes has for nodes. */
  enum Order {
    /** Gives no new jobs; running ones continue. Ends a drain that has not reached its jobs yet. */
    CORDON("cordoned", "cordoned_at = coalesce(cordoned_at, graft_now()), draining = false"),

    /** Cordons, and sends its jobs back to the queue, each with a checkpoint. */
    DRAIN("drained", "cordoned_at = coalesce(cordoned_at, graft_now()), draining = true"),

    /** Gives new jobs again. */
    UNCORDON("uncordoned", "cordoned_at = null, draining = false"),

    /** Refuses its credential from now on. */
    REVOKE("revoked", "revoked_at = graft_now()");

    private final String event;
    private final String columns;

    Order(String event, String columns) {
      this.event = "worker." + event;
      this.columns = columns;
    }
  }

  /**
   * Gives a worker an order. The jobs of a worker that is revoked go back to the queue at once, and
   * continue from their last checkpoints. A claim that is under way may still get a job: that lease
   * runs out.
   *
   * @throws RequestFailed if it would revoke the worker inside a server, which has no credential
   */
  @Transactional
  public void give(String id, Order order) {
    if (order == Order.REVOKE && inProcess(id)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "This worker runs inside a server and has no credential: cordon it, or start the server"
              + " with --role server.",
          "worker");
    }
    sql.sql("update worker set " + order.columns + " where id = :id").param("id", id).update();
    audit.write(order.event, null, id, Map.of());
    if (order == Order.REVOKE) desk.releaseAll(id);
  }

  /** Returns whether the worker runs inside a server, and so has no credential. */
  private boolean inProcess(String id) {
    return sql.sql("select credential_hash is null from worker where id = :id")
        .param("id", id)
        .query(Boolean.class)
        .single();
  }

  /** Records that the worker inside this process has called, at most every ten seconds. */
  void seenInProcess(String id) {
    sql.sql(
            """
            -- seen in process
            update worker set last_seen_at = graft_now()
             where id = :id and last_seen_at < graft_now() - interval '10 s'
            """)
        .param("id", id)
        .update();
  }

  /**
   * Registers the worker inside this process, which needs no credential.
   *
   * @param workerClass null = {@code default}
   */
  String registerInProcess(String name, @Nullable String workerClass) {
    String id = ids.next(ID_PREFIX);
    sql.sql(
            """
            -- in process
            insert into worker (id, name, class, created_at, last_seen_at)
            values (:id, :name, coalesce(:class::text, 'default'), graft_now(), graft_now())
            """)
        .param("id", id)
        .param("name", name)
        .param("class", workerClass)
        .update();
    return id;
  }

  /**
   * Settings for all workers.
   *
   * @param credentialLifetime how long the credential of a worker is valid; at least an hour.
   *     Workers renew it themselves when a third of this time is left
   */
  @ConfigurationProperties("graft.workers")
  record WorkersProperties(@DefaultValue("30d") Duration credentialLifetime) {
    WorkersProperties {
      if (credentialLifetime.compareTo(Duration.ofHours(1)) < 0) {
        throw new IllegalArgumentException("graft.workers.credential-lifetime must be 1h or more");
      }
    }
  }

  /**
   * The credentials of workers: {@link Secrets} that expire. A worker proposes its next credential;
   * the current one stays valid until the next is used for the first time, so that a lost answer
   * does not lock a worker out.
   */
  @Service
  @EnableConfigurationProperties(Workers.WorkersProperties.class)
  static class WorkerCredentials implements BearerAuthenticator {
    private static final Pattern CREDENTIAL =
        Pattern.compile(LeaseWire.CREDENTIAL_PREFIX + "[A-Za-z0-9_-]{43}");

    private static final String SEEN =
        """
        -- seen
        update worker
           set last_seen_at = graft_now(),
               credential_hash = :hash,
               credential_expires_at = case when credential_hash = :hash then credential_expires_at
                                            else next_credential_expires_at end,
               next_credential_hash = case when credential_hash = :hash then next_credential_hash end,
               next_credential_expires_at =
                 case when credential_hash = :hash then next_credential_expires_at end
         where revoked_at is null
           and (credential_hash = :hash and credential_expires_at > graft_now()
                or next_credential_hash = :hash and next_credential_expires_at > graft_now())
        returning id, credential_expires_at < graft_now() + :lifetime * interval '1 second' / 3 as due
        """;

    private static final String NEXT =
        """
        -- next credential
        with before as (select id, next_credential_hash as hash from worker
                         where id = :id and revoked_at is null for update)
        update worker w
           set next_credential_hash = :hash,
               next_credential_expires_at = graft_now() + :lifetime * interval '1 second'
          from before
         where w.id = before.id
           and not exists (select from worker other
                            where other.credential_hash = :hash
                               or other.next_credential_hash = :hash and other.id <> :id)
        returning next_credential_expires_at as expires_at, before.hash is distinct from :hash as first
        """;

    private final JdbcClient sql;
    private final AuditLog audit;
    private final Workers.WorkersProperties settings;

    WorkerCredentials(JdbcClient sql, AuditLog audit, Workers.WorkersProperties settings) {
      this.sql = sql;
      this.audit = audit;
      this.settings = settings;
    }

    @Override
    public Surface surface() {
      return Surface.WORKER;
    }

    /** Returns the worker with this credential, and records that it has called. */
    @Override
    public Optional<Bearer> authenticate(String credential) {
      return sql.sql(SEEN)
          .param("hash", Secrets.hash(credential))
          .param("lifetime", settings.credentialLifetime().toSeconds())
          .query((row, n) -> new WorkerPrincipal(row.getString("id"), row.getBoolean("due")))
          .optional()
          .map(worker -> new Bearer(worker, Set.of(), Map.of("worker", worker.workerId())));
    }

    /**
     * Returns when a refused credential expired, and audits the refusal; empty = another reason.
     */
    Optional<Instant> expired(String credential) {
      Optional<Expired> found =
          sql.sql(
                  """
                  select id, credential_expires_at from worker
                   where credential_hash = :hash and revoked_at is null
                     and credential_expires_at <= graft_now()
                  """)
              .param("hash", Secrets.hash(credential))
              .query(
                  (row, n) ->
                      new Expired(
                          row.getString("id"), ResultColumns.time(row, "credential_expires_at")))
              .optional();
      found.ifPresent(
          worker ->
              audit.denied(
                  "worker.credential_refused",
                  null,
                  null,
                  worker.id(),
                  Map.of("expired_at", worker.at().getEpochSecond())));
      return found.map(Expired::at);
    }

    private record Expired(String id, Instant at) {}

    private record Next(Instant expiresAt, boolean first) {}

    /**
     * Accepts the proposed credential as the worker's next one. May be repeated.
     *
     * @return when it expires
     * @throws LeaseRefused if it does not have the form of a credential, or is in use
     */
    @Transactional
    Instant renew(String workerId, String proposed) {
      if (!CREDENTIAL.matcher(proposed).matches()) {
        throw new LeaseRefused(
            "a credential must be '" + LeaseWire.CREDENTIAL_PREFIX + "' and 256 bits in base64url");
      }
      Next next =
          sql.sql(NEXT)
              .param("id", workerId)
              .param("hash", Secrets.hash(proposed))
              .param("lifetime", settings.credentialLifetime().toSeconds())
              .query(
                  (row, n) ->
                      new Next(ResultColumns.time(row, "expires_at"), row.getBoolean("first")))
              .optional()
              .orElseThrow(() -> new LeaseRefused("this credential is in use: propose another"));
      if (next.first()) {
        audit.write(
            "worker.credential_renewed",
            null,
            workerId,
            Map.of("expires_at", next.expiresAt().getEpochSecond()));
      }
      return next.expiresAt();
    }
  }
}
