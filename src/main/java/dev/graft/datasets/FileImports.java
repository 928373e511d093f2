package dev.graft.datasets;

import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code file_import}. */
@Repository
class FileImports implements Owned {
  private static final String ROW =
      """
      select i.*, extract(epoch from created_at)::bigint as created, extract(epoch from ended_at)::bigint as ended
        from file_import i
      """;

  private final JdbcClient sql;

  FileImports(JdbcClient sql) {
    this.sql = sql;
  }

  void add(String id, NewFileImport wanted) {
    DecodingOptions options = wanted.file().options();
    sql.sql(
            """
            insert into file_import (id, department_id, source, filename, column_mapping, ignore_unknown_keys, state, created_at)
            values (:id, :department, :source, :filename, :columns, :ignored, 'queued', graft_now())
            """)
        .param("id", id)
        .param("department", wanted.file().departmentId())
        .param("source", wanted.text())
        .param("filename", wanted.file().filename())
        .param("columns", DecodingOptions.ColumnMapping.write(options.columns()))
        .param("ignored", options.ignoreUnknownKeys())
        .update();
  }

  int unfinished(String departmentId) {
    return sql.sql(
            "select count(*) from file_import where department_id = :department and ended_at is"
                + " null")
        .param("department", departmentId)
        .query(Integer.class)
        .single();
  }

  Optional<FileImport> find(String departmentId, String id) {
    return sql.sql(ROW + " where department_id = :department and id = :id")
        .param("department", departmentId)
        .param("id", id)
        .query(FileImports::row)
        .optional();
  }

  /** Newest first. */
  List<FileImport> page(String departmentId, @Nullable String after, int count) {
    return sql.sql(
            ROW
                + """
                 where department_id = :department and (:after::text is null or id < :after)
                 order by id desc limit :count
                """)
        .param("department", departmentId)
        .param("after", after)
        .param("count", count)
        .query(FileImports::row)
        .list();
  }

  /** Finds an unfinished import of any department. */
  Optional<NewFileImport> wanted(String id) {
    return sql.sql("select * from file_import where id = :id and ended_at is null")
        .param("id", id)
        .query(FileImports::wanted)
        .optional();
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from file_import where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  /** Bytes that count as stored until their imports end. */
  long announcedBytes(String departmentId) {
    return sql.sql(
            """
            select coalesce(sum(total_bytes), 0)::bigint from file_import
             where department_id = :department and ended_at is null
            """)
        .param("department", departmentId)
        .query(Long.class)
        .single();
  }

  /**
   * Marks the import as running.
   *
   * @param total bytes that count as stored; null = none any more
   */
  void announce(String id, String source, @Nullable Long total) {
    unended("state = 'running', source = :source, total_bytes = :total::bigint", id)
        .param("source", source)
        .param("total", total)
        .update();
  }

  /** Records progress; returns false if the import has ended. */
  boolean progress(String id, long bytes) {
    return unended("bytes = :bytes", id).param("bytes", bytes).update() == 1;
  }

  /** Records the failure of an attempt that will be repeated. */
  void met(String id, String error) {
    unended("error = left(:error, 2000)", id).param("error", error).update();
  }

  /**
   * @return whether it had not ended
   */
  boolean end(String id, String state, @Nullable String error) {
    return unended("state = :state, error = left(:error, 2000), ended_at = graft_now()", id)
            .param("state", state)
            .param("error", error)
            .update()
        == 1;
  }

  void became(String id, String fileId) {
    sql.sql("update file_import set file_id = :file, bytes = total_bytes where id = :id")
        .param("file", fileId)
        .param("id", id)
        .update();
  }

  /** Forgets imports that ended a week ago and have no file, or not any more. */
  public int forget() {
    return sql.sql(
            """
            delete from file_import i
             where ended_at <= graft_now() - interval '7 days'
               and not exists (select from file f where f.id = i.file_id)
            """)
        .update();
  }

  private JdbcClient.StatementSpec unended(String set, String id) {
    return sql.sql("update file_import set " + set + " where id = :id and ended_at is null")
        .param("id", id);
  }

  private static NewFileImport wanted(ResultSet row, int index) throws SQLException {
    String source = row.getString("source");
    DecodingOptions options =
        new DecodingOptions(
            DecodingOptions.ColumnMapping.read(row.getString("column_mapping")),
            row.getBoolean("ignore_unknown_keys"));
    NewFile file =
        new NewFile(
            row.getString("department_id"),
            row.getString("filename"),
            NewFile.FilePurpose.FINE_TUNE,
            null,
            options,
            new NewFile.FileOrigin(row.getString("id"), List.of(), null));
    return new NewFileImport(ImportSource.parse(source), source, file);
  }

  private static FileImport row(ResultSet row, int index) throws SQLException {
    return new FileImport(
        row.getString("id"),
        "file.import",
        row.getString("source"),
        row.getString("filename"),
        NewFile.FilePurpose.FINE_TUNE.wireName(),
        row.getString("state"),
        row.getLong("bytes"),
        row.getObject("total_bytes", Long.class),
        row.getString("file_id"),
        row.getString("error"),
        row.getLong("created"),
        row.getObject("ended", Long.class));
  }

  /**
   * An import as its department sees it.
   *
   * @param object always {@code file.import}
   * @param source as requested; for the hub with the commit, once that is known
   * @param filename of the future file
   * @param status {@code queued}, {@code running}, {@code succeeded}, {@code failed} or {@code
   *     cancelled}
   * @param bytes that have arrived
   * @param totalBytes of the source; null while unknown
   * @param fileId the file that it became, which may be gone
   * @param error why it failed; while it runs, the failure of the last attempt
   * @param createdAt Unix time in seconds, as {@code finishedAt}
   */
  record FileImport(
      String id,
      String object,
      String source,
      String filename,
      String purpose,
      String status,
      long bytes,
      @Nullable Long totalBytes,
      @Nullable String fileId,
      @Nullable String error,
      long createdAt,
      @Nullable Long finishedAt) {}

  /**
   * A checked import.
   *
   * @param file with its options, and the import as its origin once that has an id
   */
  record NewFileImport(ImportSource source, String text, NewFile file) {}
}
