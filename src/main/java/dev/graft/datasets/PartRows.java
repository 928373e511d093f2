package dev.graft.datasets;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code upload_part}. */
@Repository
class PartRows {
  private final JdbcClient sql;

  PartRows(JdbcClient sql) {
    this.sql = sql;
  }

  /** A part that is about to arrive. */
  void insert(String id, String upload, Instant now) {
    sql.sql("insert into upload_part (id, upload_id, created_at) values (:id, :upload, :now)")
        .param("id", id)
        .param("upload", upload)
        .param("now", parameter(now))
        .update();
  }

  /** Empty where it is forgotten. */
  Optional<PartRow> arrived(String id, long bytes) {
    return sql.sql("update upload_part set bytes = :bytes where id = :id returning *")
        .param("id", id)
        .param("bytes", bytes)
        .query(PartRows::part)
        .optional();
  }

  List<PartRow> of(String upload) {
    return sql.sql("select * from upload_part where upload_id = :upload")
        .param("upload", upload)
        .query(PartRows::part)
        .list();
  }

  private static PartRow part(ResultSet row, int number) throws SQLException {
    return new PartRow(
        row.getString("id"),
        row.getString("upload_id"),
        row.getObject("bytes", Long.class),
        time(row, "created_at"));
  }

  /**
   * What an upload has.
   *
   * @param bytes of those that have arrived
   */
  record Contents(long parts, long bytes) {}

  Contents contents(String upload) {
    return sql.sql(
            "select count(*), coalesce(sum(bytes), 0) from upload_part where upload_id = :upload")
        .param("upload", upload)
        .query((row, n) -> new Contents(row.getLong(1), row.getLong(2)))
        .single();
  }

  /** Ids of those that are not still arriving. */
  List<String> findToDrop(String upload, Instant before) {
    return sql.sql(
            """
            select id from upload_part
             where upload_id = :upload and (bytes is not null or created_at <= :before)
            """)
        .param("upload", upload)
        .param("before", parameter(before))
        .query((row, n) -> row.getString(1))
        .list();
  }

  /** Ids of uploads that have ended and still have parts. */
  List<String> findUploadsToTidy(int limit) {
    return sql.sql(
            """
            select distinct p.upload_id from upload_part p join upload u on u.id = p.upload_id
             where u.status <> 'pending' limit :limit
            """)
        .param("limit", limit)
        .query((row, n) -> row.getString(1))
        .list();
  }

  void delete(String id) {
    sql.sql("delete from upload_part where id = :id").param("id", id).update();
  }
}
