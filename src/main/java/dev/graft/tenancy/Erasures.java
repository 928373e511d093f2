package dev.graft.tenancy;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ErasedContent;
import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Repository;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The erasures of departments and the content that they found. */
@Repository
class Erasures {
  private static final TypeReference<TreeMap<String, Long>> COUNTS = new TypeReference<>() {};
  private static final String ROW = "select * from department_erasure ";

  private final JdbcClient sql;

  Erasures(JdbcClient sql) {
    this.sql = sql;
  }

  /** Begins the erasure of a department. Returns false if it has begun already. */
  boolean begin(String id, String departmentId, String by, @Nullable String reason) {
    return sql.sql(
                """
                insert into department_erasure (id, department_id, requested_at, requested_by, reason, status)
                values (:id, :department, graft_now(), :by, :reason, 'stopping')
                on conflict (department_id) do nothing
                """)
            .param("id", id)
            .param("department", departmentId)
            .param("by", by)
            .param("reason", reason)
            .update()
        == 1;
  }

  /**
   * @param id id of the erasure or of the department
   */
  Optional<Erasure> find(String id) {
    String either = ROW + "where :id in (id, department_id)";
    return sql.sql(either).param("id", id).query(Erasures::row).optional();
  }

  /** Lists erasures, newest first. */
  List<Erasure> page(@Nullable String after, int count) {
    return sql.sql(ROW + "where :after::text is null or id < :after order by id desc limit :count")
        .param("after", after)
        .param("count", count)
        .query(Erasures::row)
        .list();
  }

  /** Adds content that is in the store. */
  void found(String id, Collection<BlobRef> blobs) {
    sql.sql(
            """
            insert into department_erasure_blob (erasure_id, digest, bytes)
            select :id, digest, bytes from unnest(:digests::text[], :bytes::bigint[]) as blob (digest, bytes)
            on conflict do nothing
            """)
        .param("id", id)
        .param("digests", blobs.stream().map(blob -> blob.sha256().hex()).toArray(String[]::new))
        .param("bytes", blobs.stream().map(BlobRef::bytes).toArray(Long[]::new))
        .update();
  }

  List<BlobRef> blobs(String id) {
    return sql.sql(
            "select digest, bytes from department_erasure_blob where erasure_id = :id order by"
                + " digest")
        .param("id", id)
        .query((row, n) -> new BlobRef(new Digest(row.getString(1)), row.getLong(2)))
        .list();
  }

  void stopped(String id) {
    update("status = 'deleting_rows'", id).update();
  }

  void counted(String id, String table, int more) {
    update(
            "rows_deleted = rows_deleted || jsonb_build_object(:table::text,"
                + " coalesce((rows_deleted ->> :table::text)::bigint, 0) + :more::int)",
            id)
        .param("table", table)
        .param("more", more)
        .update();
  }

  void rowsDeleted(String id) {
    update("status = 'deleting_content', rows_deleted_at = graft_now(), salt = null", id).update();
  }

  void noted(String id, Instant at) {
    update("noted_at = :at", id).param("at", ResultColumns.parameter(at)).update();
  }

  /** Finishes the erasure. Its digests are deleted, since they identify copies of the content. */
  void finished(String id, Instant at, Erasure.Signed signed) {
    update(
            """
            status = 'succeeded', finished_at = :at, certificate = :certificate,
            signature = :signature, public_key = :key
            """,
            id)
        .param("at", ResultColumns.parameter(at))
        .param("certificate", signed.certificate())
        .param("signature", signed.signature())
        .param("key", signed.publicKey())
        .update();
    sql.sql("delete from department_erasure_blob where erasure_id = :id").param("id", id).update();
  }

  private JdbcClient.StatementSpec update(String set, String id) {
    return sql.sql("update department_erasure set " + set + " where id = :id").param("id", id);
  }

  private static Erasure row(ResultSet row, int index) throws SQLException {
    String certificate = row.getString("certificate");
    return new Erasure(
        row.getString("id"),
        row.getString("department_id"),
        ResultColumns.time(row, "requested_at"),
        row.getString("requested_by"),
        row.getString("reason"),
        Erasure.Status.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
        JsonMapper.shared().readValue(row.getString("rows_deleted"), COUNTS),
        row.getString("salt"),
        ResultColumns.timeOrNull(row, "rows_deleted_at"),
        ResultColumns.timeOrNull(row, "noted_at"),
        ResultColumns.timeOrNull(row, "finished_at"),
        certificate == null
            ? null
            : new Erasure.Signed(
                certificate, row.getBytes("signature"), row.getBytes("public_key")));
  }

  /**
   * A row of {@code department_erasure}.
   *
   * @param rowsDeleted number of deleted rows by table
   * @param salt salt of pseudonyms; null after the rows are deleted
   * @param notedAt when a sweep found that the content is not needed
   */
  record Erasure(
      String id,
      String departmentId,
      Instant requestedAt,
      String requestedBy,
      @Nullable String reason,
      Status status,
      SortedMap<String, Long> rowsDeleted,
      @Nullable String salt,
      @Nullable Instant rowsDeletedAt,
      @Nullable Instant notedAt,
      @Nullable Instant finishedAt,
      @Nullable Signed signed) {

    enum Status {
      STOPPING,
      DELETING_ROWS,
      DELETING_CONTENT,
      SUCCEEDED;

      String wire() {
        return name().toLowerCase(Locale.ROOT);
      }
    }

    /**
     * @param certificate canonical JSON
     * @param signature Ed25519 (RFC 8032) of its UTF-8
     * @param publicKey X.509 SubjectPublicKeyInfo in DER
     */
    record Signed(String certificate, byte[] signature, byte[] publicKey) {}
  }

  /** Erasures whose rows are deleted and whose content is being deleted. */
  @Component
  static class ErasuresUnderWay implements ErasedContent {
    private static final String ONES = "from department_erasure where status = 'deleting_content'";

    private final JdbcClient sql;

    ErasuresUnderWay(JdbcClient sql) {
      this.sql = sql;
    }

    /** Returns only digests that the caller already holds. */
    @Override
    public Erased of(Set<Digest> held) {
      Set<String> erasures = sql.sql("select id " + ONES).query((row, n) -> row.getString(1)).set();
      if (erasures.isEmpty()) return new Erased(Set.of(), Set.of());
      String theirs =
          "select distinct digest from department_erasure_blob where digest = any(:held)"
              + " and erasure_id in (select id "
              + ONES
              + ")";
      Set<Digest> digests =
          sql.sql(theirs)
              .param("held", held.stream().map(Digest::hex).toArray(String[]::new))
              .query((row, n) -> new Digest(row.getString(1)))
              .set();
      return new Erased(digests, erasures);
    }
  }
}
