package dev.graft.jobs;

import dev.graft.jobs.JoinTokens.JoinToken;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.data.jpa.repository.Modifying;
import org.springframework.data.jpa.repository.Query;
import org.springframework.data.repository.Repository;

/** The join tokens of workers. */
interface WorkerJoinTokens extends Repository<WorkerJoinToken, String> {
  String SHOWN =
      """
      select new dev.graft.jobs.JoinTokens$JoinToken(
               t.id, t.prefix, t.workerClass,
               case when t.usedAt is not null then 'used' when t.revokedAt is not null then 'revoked'
                    when t.expiresAt <= :now then 'expired' else 'valid' end,
               t.createdBy, t.workerId, t.createdAt, t.expiresAt)
        from WorkerJoinToken t
      """;

  WorkerJoinToken save(WorkerJoinToken token);

  @Query(SHOWN + " where t.id = :id")
  Optional<JoinToken> find(String id, Instant now);

  /** The newest first. An unknown cursor gives an empty list. */
  @Query(
      SHOWN
          + """
           where :after is null or t.id < (select a.id from WorkerJoinToken a where a.id = :after)
           order by t.id desc
          """)
  List<JoinToken> newest(@Nullable String after, Instant now, Limit limit);

  /** Returns 0 if the token is used or revoked already. */
  @Modifying(clearAutomatically = true, flushAutomatically = true)
  @Query(
      """
      update WorkerJoinToken t set t.revokedAt = :now
       where t.id = :id and t.usedAt is null and t.revokedAt is null
      """)
  int revoke(String id, Instant now);
}
