package dev.graft.adapters;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.platform.Cursor;
import dev.graft.spec.ExportForm;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Repository;
import tools.jackson.databind.json.JsonMapper;

/** The statements on {@code adapter_export}. */
@Repository
class AdapterExports implements Owned {
  private static final String ROW =
      """
      select e.*, e.options::text as said, extract(epoch from created_at)::bigint as created,
             extract(epoch from ended_at)::bigint as ended
        from adapter_export e
      """;

  private final JdbcClient sql;

  AdapterExports(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * One that failed before makes room for it.
   *
   * @return false if there is an equal one
   */
  boolean add(String id, String departmentId, String adapterId, ExportForm form, String filename) {
    sql.sql(
            """
            delete from adapter_export
             where adapter_id = :adapter and department_id = :department and form = :form
               and options = :options::jsonb and state = 'failed'
            """)
        .param("adapter", adapterId)
        .param("department", departmentId)
        .param("form", form.kind().wireName())
        .param("options", form.options().toString())
        .update();
    return sql.sql(
                """
                insert into adapter_export (id, department_id, adapter_id, form, options, state, filename, created_at)
                values (:id, :department, :adapter, :form, :options::jsonb, 'queued', :filename, graft_now())
                on conflict do nothing
                """)
            .param("id", id)
            .param("department", departmentId)
            .param("adapter", adapterId)
            .param("form", form.kind().wireName())
            .param("options", form.options().toString())
            .param("filename", filename)
            .update()
        == 1;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return find(id).map(AdapterExport::departmentId);
  }

  /** Of whichever department. */
  Optional<AdapterExport> find(String id) {
    return sql.sql(ROW + " where id = :id").param("id", id).query(AdapterExports::row).optional();
  }

  Optional<AdapterExport> find(String departmentId, String adapterId, String id) {
    return find(id)
        .filter(each -> each.departmentId().equals(departmentId))
        .filter(each -> each.adapterId().equals(adapterId));
  }

  /** One of this form that has not failed. */
  Optional<AdapterExport> equal(String departmentId, String adapterId, ExportForm form) {
    return sql.sql(
            ROW
                + """
                 where adapter_id = :adapter and department_id = :department and form = :form
                   and options = :options::jsonb and state <> 'failed'
                """)
        .param("adapter", adapterId)
        .param("department", departmentId)
        .param("form", form.kind().wireName())
        .param("options", form.options().toString())
        .query(AdapterExports::row)
        .optional();
  }

  /** One more than the page has, newest first. */
  List<AdapterExport> page(String departmentId, String adapterId, Cursor page) {
    return page(departmentId, adapterId, page.after(), page.limit() + 1);
  }

  List<AdapterExport> page(
      String departmentId, String adapterId, @Nullable String after, int count) {
    return sql.sql(
            ROW
                + """
                 where adapter_id = :adapter and department_id = :department
                   and (:after::text is null or id < :after)
                 order by id desc limit :count
                """)
        .param("adapter", adapterId)
        .param("department", departmentId)
        .param("after", after)
        .param("count", count)
        .query(AdapterExports::row)
        .list();
  }

  /** Whether it is still to be made. */
  boolean progress(String id, long done, @Nullable Long total) {
    return unfinished("state = 'running', done_bytes = :done, total_bytes = :total::bigint", id)
            .param("done", done)
            .param("total", total)
            .update()
        == 1;
  }

  /** What will be tried again. */
  void met(String id, String error) {
    unfinished("error = left(:error, 2000)", id).param("error", error).update();
  }

  boolean succeed(String id, BlobRef content) {
    return unfinished(
                """
                state = 'succeeded', error = null, ended_at = graft_now(), content_digest = :digest,
                content_bytes = :bytes, done_bytes = coalesce(total_bytes, done_bytes)
                """,
                id)
            .param("digest", content.sha256().hex())
            .param("bytes", content.bytes())
            .update()
        == 1;
  }

  boolean fail(String id, String error) {
    return unfinished("state = 'failed', error = left(:error, 2000), ended_at = graft_now()", id)
            .param("error", error)
            .update()
        == 1;
  }

  private JdbcClient.StatementSpec unfinished(String set, String id) {
    return sql.sql("update adapter_export set " + set + " where id = :id and ended_at is null")
        .param("id", id);
  }

  /** Its content stays until nothing refers to it. */
  boolean delete(AdapterExport export) {
    return sql.sql("delete from adapter_export where id = :id and department_id = :department")
            .param("id", export.id())
            .param("department", export.departmentId())
            .update()
        == 1;
  }

  private static AdapterExport row(ResultSet row, int index) throws SQLException {
    String digest = row.getString("content_digest");
    return new AdapterExport(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("adapter_id"),
        ExportForm.of(row.getString("form"), JsonMapper.shared().readTree(row.getString("said"))),
        row.getString("state"),
        row.getLong("done_bytes"),
        row.getObject("total_bytes", Long.class),
        row.getString("filename"),
        digest == null ? null : new BlobRef(new Digest(digest), row.getLong("content_bytes")),
        row.getString("error"),
        row.getLong("created"),
        row.getObject("ended", Long.class));
  }

  /**
   * A form of an adapter, made or in the making.
   *
   * @param status {@code queued}, {@code running}, {@code succeeded} or {@code failed}
   * @param doneBytes of its files that are written
   * @param totalBytes that will be, about; null while that is not known
   * @param content what is downloaded, once it has succeeded
   * @param error why it failed; while it runs, what the last try met
   * @param createdAt Unix time in seconds, as {@code finishedAt}
   */
  record AdapterExport(
      String id,
      String departmentId,
      String adapterId,
      ExportForm form,
      String status,
      long doneBytes,
      @Nullable Long totalBytes,
      String filename,
      @Nullable BlobRef content,
      @Nullable String error,
      long createdAt,
      @Nullable Long finishedAt) {
    boolean ended() {
      return finishedAt != null;
    }

    ExportController.AdapterExportObject answer() {
      return new ExportController.AdapterExportObject(
          id,
          "adapter.export",
          adapterId,
          form.kind().wireName(),
          form.options(),
          status,
          doneBytes,
          totalBytes,
          filename,
          content == null ? null : content.bytes(),
          content == null ? null : content.sha256().hex(),
          error,
          createdAt,
          finishedAt);
    }
  }

  /** What exports need. */
  @Component
  static class ExportBlobs implements BlobReferences {
    @Override
    public List<BlobColumn> columns() {
      return List.of(new BlobColumn("adapter_export", "content_digest", BLOB));
    }
  }
}
