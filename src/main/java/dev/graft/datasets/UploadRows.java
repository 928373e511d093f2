package dev.graft.datasets;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.datasets.Uploads.PartRow;
import dev.graft.datasets.Uploads.UploadRow;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code upload}, by department. */
@Repository
class UploadRows implements StorageQuota.AnnouncedUploads {
  private final JdbcClient sql;

  UploadRows(JdbcClient sql) {
    this.sql = sql;
  }

  void insert(String id, Uploads.NewUpload upload, Instant now, Instant end) {
    NewFile file = upload.file();
    Duration lifetime = file.lifetime();
    sql.sql(
            """
            insert into upload (id, department_id, filename, purpose, bytes, mime_type, column_mapping,
                                ignore_unknown_keys, file_lifetime, status, created_at, expires_at)
            values (:id, :department, :filename, :purpose, :bytes, :mime_type, :column_mapping,
                    :ignore_unknown_keys, :lifetime, 'pending', :now, :end)
            """)
        .param("id", id)
        .param("department", file.departmentId())
        .param("filename", file.filename())
        .param("purpose", file.purpose().wireName())
        .param("bytes", upload.bytes())
        .param("mime_type", upload.mimeType())
        .param("column_mapping", DecodingOptions.ColumnMapping.write(file.options().columns()))
        .param("ignore_unknown_keys", file.options().ignoreUnknownKeys())
        .param("lifetime", lifetime == null ? null : lifetime.toSeconds())
        .param("now", parameter(now))
        .param("end", parameter(end))
        .update();
  }

  Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from upload where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  Optional<UploadRow> find(String department, String id) {
    return find(department, id, "");
  }

  /** Whoever ends an upload, or adds to it, does so alone. */
  Optional<UploadRow> findToChange(String department, String id) {
    return find(department, id, " for no key update");
  }

  private Optional<UploadRow> find(String department, String id, String lock) {
    return sql.sql("select * from upload where department_id = :department and id = :id" + lock)
        .param("department", department)
        .param("id", id)
        .query(UploadRows::upload)
        .optional();
  }

  private static UploadRow upload(ResultSet row, int number) throws SQLException {
    Long lifetime = row.getObject("file_lifetime", Long.class);
    String parts = row.getString("part_ids");
    return new UploadRow(
        row.getString("id"),
        new NewFile(
            row.getString("department_id"),
            row.getString("filename"),
            NewFile.FilePurpose.named(row.getString("purpose")).orElseThrow(),
            lifetime == null ? null : Duration.ofSeconds(lifetime),
            new DecodingOptions(
                DecodingOptions.ColumnMapping.read(row.getString("column_mapping")),
                row.getBoolean("ignore_unknown_keys"))),
        row.getLong("bytes"),
        Uploads.UploadStatus.named(row.getString("status")),
        parts == null ? null : List.of(parts.split(" ")),
        row.getString("file_id"),
        time(row, "created_at"),
        time(row, "expires_at"));
  }

  void complete(String id, List<String> parts, String file) {
    sql.sql(
            "update upload set status = 'completed', part_ids = :parts, file_id = :file where id ="
                + " :id")
        .param("id", id)
        .param("parts", String.join(" ", parts))
        .param("file", file)
        .update();
  }

  void cancel(String id) {
    sql.sql("update upload set status = 'cancelled' where id = :id").param("id", id).update();
  }

  /** Returns how many. */
  int expire(Instant now) {
    return sql.sql(
            "update upload set status = 'expired' where status = 'pending' and expires_at <= :now")
        .param("now", parameter(now))
        .update();
  }

  /** Forgets some that ended long ago, and are without parts. */
  void deleteEnded(Instant before, int limit) {
    sql.sql(
            """
            delete from upload
             where id in (select u.id from upload u
                           where u.status <> 'pending' and u.expires_at <= :before
                             and not exists (select from upload_part p where p.upload_id = u.id)
                           limit :limit)
            """)
        .param("before", parameter(before))
        .param("limit", limit)
        .update();
  }

  @Override
  public long announcedBytes(String department) {
    return sql.sql(
            """
            select coalesce(sum(bytes), 0) from upload
             where department_id = :department and status = 'pending'
            """)
        .param("department", department)
        .query(Long.class)
        .single();
  }

  long countPending(String department) {
    return sql.sql(
            "select count(*) from upload where department_id = :department and status = 'pending'")
        .param("department", department)
        .query(Long.class)
        .single();
  }

  /** The statements on {@code upload_part}. */
  @Repository
  static class PartRows {
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
}
