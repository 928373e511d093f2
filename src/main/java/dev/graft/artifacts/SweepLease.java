package dev.graft.artifacts;

import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Which server sweeps the store of artifacts: the one row of {@code artifact_store}. */
@Component
class SweepLease {
  /** Longer than a listing of a large store takes; a server that dies delays the next sweep so. */
  private static final Duration LASTS = Duration.ofHours(1);

  private final JdbcClient sql;

  SweepLease(JdbcClient sql) {
    this.sql = sql;
  }

  /** Empty if another server has it. */
  Optional<UUID> take() {
    return sql.sql(
            """
            update artifact_store
               set sweep = gen_random_uuid(), sweep_until = graft_now() + make_interval(secs => :lasts)
             where sweep is null or sweep_until < graft_now()
            returning sweep
            """)
        .param("lasts", LASTS.toSeconds())
        .query(UUID.class)
        .optional();
  }

  /** From now on for as long again; false if it is another's. */
  boolean renew(UUID sweep) {
    return sql.sql(
                "update artifact_store set sweep_until = graft_now() + make_interval(secs =>"
                    + " :lasts) where sweep = :sweep")
            .param("lasts", LASTS.toSeconds())
            .param("sweep", sweep)
            .update()
        == 1;
  }

  void release(UUID sweep) {
    sql.sql("update artifact_store set sweep = null, sweep_until = null where sweep = :sweep")
        .param("sweep", sweep)
        .update();
  }
}
