package dev.graft.inference;

import dev.graft.platform.EveryDepartment;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The statements on calls to workers. Each runs in its own transaction. */
@Component
class CallRows {
  /** How long a call stays after its server last renewed it. */
  static final Duration KEPT = Duration.ofSeconds(20);

  private static final String PLACE =
      """
      insert into worker_call (id, server, weights, body, placed_at, kept_until)
      select :id, :server, :weights, :body, graft_now(), graft_now() + make_interval(secs => :kept)
       where exists (select from worker_call_poll where present_until > graft_now())
      """;

  /**
   * Claims the oldest call that has waited too long, else one for warm weights, else the oldest.
   */
  private static final String CLAIM =
      """
      update worker_call set claim = :claim, worker_id = :worker
       where id = (select id from worker_call
                    where claim is null and kept_until > graft_now()
                    order by case when placed_at < graft_now() - make_interval(secs => :impatient) then 0
                                  when weights = any(:warm::text[]) then 1 else 2 end, placed_at, id
                    limit 1 for update skip locked)
      returning id, server, claim, body
      """;

  private static final String REPORT =
      """
      insert into worker_call_report (call_id, claim, body)
      select id, claim, :body from worker_call
       where claim = :claim and worker_id = :worker and kept_until > graft_now()
      """;

  /** Takes the stored reports on the calls of a server, with their claims. */
  private static final String COLLECT =
      """
      with r as (delete from worker_call_report r using worker_call c
                  where c.id = r.call_id and c.server = :server
                 returning r.call_id, r.claim, r.number, r.body)
      select c.id, c.claim, c.worker_id, r.body
        from worker_call c left join r on r.call_id = c.id and r.claim = c.claim
       where c.server = :server
       order by c.id, r.number
      """;

  private final JdbcClient sql;

  CallRows(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * A call that a worker has claimed.
   *
   * @param server the server that waits for the answer
   * @param claim id of the claim
   */
  record Claimed(String id, String server, String claim, byte[] body) {
    private static Claimed of(ResultSet row, int number) throws SQLException {
      return new Claimed(
          row.getString("id"),
          row.getString("server"),
          row.getString("claim"),
          row.getBytes("body"));
    }
  }

  /**
   * A call for the server that waits for it.
   *
   * @param claim null, like {@code worker}, while no worker has it
   * @param reports that other servers received since the last query
   */
  record Standing(@Nullable String claim, @Nullable String worker, List<byte[]> reports) {}

  /**
   * Inserts a call; returns false if no worker answers calls.
   *
   * @param weights name of the weights that answer
   */
  boolean place(String server, String id, String weights, byte[] body) {
    return update(
            sql.sql(PLACE)
                .param("id", id)
                .param("server", server)
                .param("weights", weights)
                .param("body", body)
                .param("kept", KEPT.toSeconds()))
        == 1;
  }

  /** Renews calls that their server still waits for. */
  void keep(Collection<String> ids) {
    sql.sql(
            "update worker_call set kept_until = graft_now() + make_interval(secs => :kept)"
                + " where id = any(:ids::text[])")
        .param("kept", KEPT.toSeconds())
        .param("ids", ids.toArray(String[]::new))
        .update();
  }

  void remove(String id) {
    update(sql.sql("delete from worker_call where id = :id").param("id", id));
  }

  /** Updates as the server: the role of a department has no access to calls. */
  private static int update(JdbcClient.StatementSpec statement) {
    return EveryDepartment.call(statement::update);
  }

  /**
   * @param claim id of the new claim
   * @param warm weights that the worker has in memory
   * @param impatient a call this old goes to any worker
   */
  Optional<Claimed> claim(String worker, String claim, List<String> warm, Duration impatient) {
    return sql.sql(CLAIM)
        .param("worker", worker)
        .param("claim", claim)
        .param("warm", warm.toArray(String[]::new))
        .param("impatient", impatient.toSeconds())
        .query(Claimed::of)
        .optional();
  }

  /** Offers the call again; returns false if the claim is no longer valid. */
  boolean putBack(String id, String claim) {
    return update(
            sql.sql(
                    "update worker_call set claim = null, worker_id = null"
                        + " where id = :id and claim = :claim")
                .param("id", id)
                .param("claim", claim))
        == 1;
  }

  /** Returns the call that this worker has under this claim. */
  Optional<Claimed> held(String worker, String claim) {
    return sql.sql(
            "select id, server, claim, body from worker_call"
                + " where claim = :claim and worker_id = :worker and kept_until > graft_now()")
        .param("claim", claim)
        .param("worker", worker)
        .query(Claimed::of)
        .optional();
  }

  /** Stores a report for the server that waits; returns false if none waits. */
  boolean report(String worker, String claim, byte[] body) {
    return sql.sql(REPORT)
            .param("worker", worker)
            .param("claim", claim)
            .param("body", body)
            .update()
        == 1;
  }

  /** Returns the calls of a server by id, with reports in order. Each report is returned once. */
  Map<String, Standing> collect(String server) {
    Map<String, Standing> calls = new LinkedHashMap<>();
    sql.sql(COLLECT)
        .param("server", server)
        .query(
            row -> {
              String claim = row.getString("claim");
              String worker = row.getString("worker_id");
              byte[] report = row.getBytes("body");
              Standing call =
                  calls.computeIfAbsent(
                      row.getString("id"), id -> new Standing(claim, worker, new ArrayList<>()));
              if (report != null) call.reports().add(report);
            });
    return calls;
  }

  /** Counts the calls that wait for a worker. */
  int waiting() {
    return sql.sql(
            "select count(*) from worker_call where claim is null and kept_until > graft_now()")
        .query(Integer.class)
        .single();
  }

  /** Records that a worker answers calls for at least {@code time}. */
  void present(String worker, Duration time) {
    sql.sql(
            """
            insert into worker_call_poll as p (worker_id, present_until)
            values (:worker, graft_now() + make_interval(secs => :time))
            on conflict (worker_id) do update set present_until = excluded.present_until
            """)
        .param("worker", worker)
        .param("time", time.toSeconds())
        .update();
  }

  /** Deletes the calls of servers that died, and workers that no longer ask. */
  void sweep() {
    sql.sql("delete from worker_call where kept_until < graft_now()").update();
    sql.sql("delete from worker_call_poll where present_until < graft_now()").update();
  }
}
