package dev.graft.datasets;

import dev.graft.platform.Ids;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What uploads under way have been promised. A reservation ends when it is not renewed, as when its
 * server died.
 */
@Component
class StorageReservations {
  private static final int LIFETIME_SECONDS = 300;

  private final JdbcClient sql;
  private final Ids ids;

  StorageReservations(JdbcClient sql, Ids ids) {
    this.sql = sql;
    this.ids = ids;
  }

  /** What a department has reserved. */
  record Held(int uploads, long bytes) {}

  Held of(String departmentId) {
    return sql.sql(
            """
            select count(*), coalesce(sum(bytes), 0)::bigint as bytes from storage_reservation
             where department_id = :department and expires_at > graft_now()
            """)
        .param("department", departmentId)
        .query((row, n) -> new Held(row.getInt("count"), row.getLong("bytes")))
        .single();
  }

  /** Another one; those that have ended are forgotten. */
  Reservation add(String departmentId, long bytes) {
    sql.sql(
            """
            delete from storage_reservation
             where department_id = :department and expires_at <= graft_now()
            """)
        .param("department", departmentId)
        .update();
    String id = ids.next("reservation_");
    sql.sql(
            """
            insert into storage_reservation (id, department_id, bytes, expires_at)
            values (:id, :department, :bytes, graft_now() + :seconds * interval '1 second')
            """)
        .params(Map.of("id", id, "department", departmentId, "bytes", bytes))
        .param("seconds", LIFETIME_SECONDS)
        .update();
    return new Reservation(this, id, departmentId, bytes);
  }

  void renew(Reservation held) {
    sql.sql(
            """
            update storage_reservation set expires_at = graft_now() + :seconds * interval '1 second'
             where id = :id and department_id = :department
            """)
        .params(Map.of("id", held.id(), "department", held.departmentId()))
        .param("seconds", LIFETIME_SECONDS)
        .update();
  }

  void remove(Reservation held) {
    sql.sql("delete from storage_reservation where id = :id and department_id = :department")
        .params(Map.of("id", held.id(), "department", held.departmentId()))
        .update();
  }
}
