package dev.graft.datasets;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.datasets.NewFile.FileOrigin.Remedied;
import dev.graft.text.Example;
import dev.graft.text.RowConversion.RowFormat;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.RowCallbackHandler;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.core.simple.JdbcClient.StatementSpec;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Repository;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/**
 * The statements on {@code file}, by department, and only until files expire. Ids grow with time:
 * lists go by id.
 */
@Repository
class FileRows {
  private static final JsonMapper JSON = new JsonMapper();
  private static final TypeReference<List<FileValidation.LineProblem>> PROBLEMS =
      new TypeReference<>() {};
  private static final TypeReference<List<Remedied>> REMEDIES = new TypeReference<>() {};

  private static final String THERE =
      """
      select * from file
       where department_id = :department and (expires_at is null or expires_at > :now)
      """;

  private final JdbcClient sql;

  FileRows(JdbcClient sql) {
    this.sql = sql;
  }

  /** Of whichever department, expired or not. */
  public Optional<FileRow> findById(String id) {
    return sql.sql("select * from file where id = :id")
        .param("id", id)
        .query(FileRows::file)
        .optional();
  }

  public Optional<FileRow> find(String department, String id, Instant now) {
    return find(department, id, now, "");
  }

  /** As {@link #find}, and no one deletes the file before this transaction ends. */
  Optional<FileRow> findToUse(String department, String id, Instant now) {
    return find(department, id, now, " for share");
  }

  /** As {@link #find}, and no one starts to use the file before this transaction ends. */
  public Optional<FileRow> findToChange(String department, String id, Instant now) {
    return find(department, id, now, " for no key update");
  }

  private Optional<FileRow> find(String department, String id, Instant now, String lock) {
    return sql.sql(THERE + " and id = :id" + lock)
        .param("department", department)
        .param("id", id)
        .param("now", parameter(now))
        .query(FileRows::file)
        .optional();
  }

  List<FileRow> listAscending(
      String department, Collection<String> purposes, String after, Instant now, int limit) {
    return list(" and id > :border order by id", department, purposes, after, now, limit);
  }

  List<FileRow> listDescending(
      String department, Collection<String> purposes, String before, Instant now, int limit) {
    return list(" and id < :border order by id desc", department, purposes, before, now, limit);
  }

  private List<FileRow> list(
      String order,
      String department,
      Collection<String> purposes,
      String border,
      Instant now,
      int limit) {
    return sql.sql(THERE + " and purpose = any(:purposes)" + order + " limit :limit")
        .param("department", department)
        .param("purposes", purposes.toArray(String[]::new))
        .param("border", border)
        .param("now", parameter(now))
        .param("limit", limit)
        .query(FileRows::file)
        .list();
  }

  /** A file whose time is over, if it still lies there. */
  Optional<FileRow> findExpiredToChange(String id, Instant now) {
    return sql.sql("select * from file where id = :id and expires_at <= :now for no key update")
        .param("id", id)
        .param("now", parameter(now))
        .query(FileRows::file)
        .optional();
  }

  public List<String> findExpired(Instant now, int limit) {
    return sql.sql("select id from file where expires_at <= :now order by expires_at limit :limit")
        .param("now", parameter(now))
        .param("limit", limit)
        .query((row, n) -> row.getString(1))
        .list();
  }

  /** By id, of those of these that are there. */
  Map<String, String> names(String department, Collection<String> ids) {
    Map<String, String> names = new HashMap<>();
    sql.sql("select id, filename from file where department_id = :department and id = any(:ids)")
        .param("department", department)
        .param("ids", ids.toArray(String[]::new))
        .query(
            (RowCallbackHandler) row -> names.put(row.getString("id"), row.getString("filename")));
    return names;
  }

  private static FileRow file(ResultSet row, int number) throws SQLException {
    String conversion = row.getString("conversion");
    String remedies = row.getString("remedies");
    return new FileRow(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("filename"),
        row.getString("purpose"),
        new BlobRef(new Digest(row.getString("digest")), row.getLong("bytes")),
        FileRow.FileStatus.valueOf(row.getString("status").toUpperCase(Locale.ROOT)),
        validation(row),
        unpacked(row),
        time(row, "created_at"),
        timeOrNull(row, "expires_at"),
        new DecodingOptions(
            DecodingOptions.ColumnMapping.read(row.getString("column_mapping")),
            row.getBoolean("ignore_unknown_keys"),
            conversion == null ? null : RowFormat.valueOf(conversion)),
        row.getString("parent"),
        remedies == null ? List.of() : JSON.readValue(remedies, REMEDIES),
        row.getString("compared_with"));
  }

  private static FileValidation.@Nullable ValidationResult validation(ResultSet row)
      throws SQLException {
    Integer examples = row.getObject("examples", Integer.class);
    if (examples == null) return null;
    String kind = row.getString("kind");
    String format = row.getString("row_format");
    return new FileValidation.ValidationResult(
        examples,
        kind == null ? null : Example.Kind.valueOf(kind),
        row.getObject("longest_row", Integer.class),
        format == null ? null : RowFormat.valueOf(format),
        JSON.readValue(row.getString("problems"), PROBLEMS));
  }

  private static @Nullable BlobRef unpacked(ResultSet row) throws SQLException {
    String digest = row.getString("rows_digest");
    return digest == null ? null : new BlobRef(new Digest(digest), row.getLong("rows_bytes"));
  }

  void insert(FileRow file) {
    RowFormat conversion = file.options().conversion();
    found(
            """
            insert into file (id, department_id, filename, purpose, created_at, expires_at,
                              column_mapping, ignore_unknown_keys, conversion, parent, compared_with,
                              status, digest, bytes, rows_digest, rows_bytes, examples, kind,
                              longest_row, row_format, problems, remedies)
            values (:id, :department, :filename, :purpose, :created_at, :expires_at,
                    :column_mapping, :ignore_unknown_keys, :conversion, :parent, :compared_with,
                    :status, :digest, :bytes, :rows_digest, :rows_bytes, :examples, :kind,
                    :longest_row, :row_format, :problems, :remedies)
            """,
            file)
        .param("department", file.departmentId())
        .param("filename", file.filename())
        .param("purpose", file.purpose())
        .param("created_at", parameter(file.createdAt()))
        .param("expires_at", parameter(file.expiresAt()))
        .param("column_mapping", DecodingOptions.ColumnMapping.write(file.options().columns()))
        .param("ignore_unknown_keys", file.options().ignoreUnknownKeys())
        .param("conversion", conversion == null ? null : conversion.name())
        .param("parent", file.parent())
        .param("compared_with", file.comparedWith())
        .update();
  }

  /** What its validation has found; nothing where it is gone. */
  public void update(FileRow validated) {
    found(
            """
            update file
               set status = :status, digest = :digest, bytes = :bytes, rows_digest = :rows_digest,
                   rows_bytes = :rows_bytes, examples = :examples, kind = :kind,
                   longest_row = :longest_row, row_format = :row_format, problems = :problems,
                   remedies = :remedies
             where id = :id
            """,
            validated)
        .update();
  }

  private StatementSpec found(String statement, FileRow file) {
    BlobRef unpacked = file.unpacked();
    FileValidation.ValidationResult validation = file.validation();
    Example.Kind kind = validation == null ? null : validation.kind();
    RowFormat format = file.rowFormat();
    List<FileValidation.LineProblem> problems =
        validation == null ? List.of() : validation.problems();
    return sql.sql(statement)
        .param("id", file.id())
        .param("status", file.status().wireName())
        .param("digest", file.blob().sha256().hex())
        .param("bytes", file.blob().bytes())
        .param("rows_digest", unpacked == null ? null : unpacked.sha256().hex())
        .param("rows_bytes", unpacked == null ? null : unpacked.bytes())
        .param("examples", validation == null ? null : validation.examples())
        .param("kind", kind == null ? null : kind.name())
        .param("longest_row", validation == null ? null : validation.longestRow())
        .param("row_format", format == null ? null : format.name())
        .param("problems", JSON.writeValueAsString(problems))
        .param(
            "remedies",
            file.remedied().isEmpty() ? null : JSON.writeValueAsString(file.remedied()));
  }

  public void delete(String department, Collection<String> ids) {
    sql.sql("delete from file where department_id = :department and id = any(:ids)")
        .param("department", department)
        .param("ids", ids.toArray(String[]::new))
        .update();
  }

  /** Of the department's files and what was made from them. */
  long storedBytes(String department) {
    return sql.sql(
            """
            select coalesce(sum(bytes + coalesce(rows_bytes, 0)), 0) from file
             where department_id = :department
            """)
        .param("department", department)
        .query(Long.class)
        .single();
  }

  /** What files need: what was uploaded, and the rows made of it. */
  @Component
  static class FileBlobs implements BlobReferences {
    @Override
    public List<BlobColumn> columns() {
      return List.of(
          new BlobColumn("file", "digest", BLOB), new BlobColumn("file", "rows_digest", BLOB));
    }

    /** Parts of uploads. */
    @Override
    public Map<String, String> kept() {
      return Map.of("upload_part", "id");
    }
  }
}
