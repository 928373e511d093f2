package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.WorkerPrincipal;
import dev.graft.platform.BearerAuthenticator;
import dev.graft.platform.Secrets;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * What workers show: {@link Secrets} that end. A worker proposes its next one; the one that it has
 * stays good until the next was shown once, so that no lost answer locks a worker out.
 */
@Service
@EnableConfigurationProperties(WorkersProperties.class)
class WorkerCredentials implements BearerAuthenticator {
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
  private final WorkersProperties settings;

  WorkerCredentials(JdbcClient sql, AuditLog audit, WorkersProperties settings) {
    this.sql = sql;
    this.audit = audit;
    this.settings = settings;
  }

  @Override
  public Surface surface() {
    return Surface.WORKER;
  }

  /** The worker with this credential, noted as seen. */
  @Override
  public Optional<Bearer> authenticate(String credential) {
    return sql.sql(SEEN)
        .param("hash", Secrets.hash(credential))
        .param("lifetime", settings.credentialLifetime().toSeconds())
        .query((row, n) -> new WorkerPrincipal(row.getString("id"), row.getBoolean("due")))
        .optional()
        .map(worker -> new Bearer(worker, Set.of(), Map.of("worker", worker.workerId())));
  }

  /** When a credential ended that was refused for that. It is an entry of the audit log. */
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
   * Makes what a worker proposes its next credential. Asked again, it is the same one.
   *
   * @return when that ends
   * @throws LeaseRefused if it is not of the form that a credential has, or is in use
   */
  @Transactional
  Instant renew(String workerId, String proposed) {
    if (!CREDENTIAL.matcher(proposed).matches()) {
      throw new LeaseRefused(
          "a credential is '" + LeaseWire.CREDENTIAL_PREFIX + "' and 256 bits in base64url");
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
