package dev.graft.catalog;

import dev.graft.datasets.StoredFiles.FileUse;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code base_model_import}. */
@Repository
class ModelImports implements FileUse {
  private static final String ROW =
      """
      select id, name, source, state, bytes, total_bytes, error,
             extract(epoch from created_at)::bigint as created, extract(epoch from ended_at)::bigint as ended
        from base_model_import
      """;

  private final JdbcClient sql;

  ModelImports(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * @throws RequestFailed if an import for that name is running
   */
  void add(String id, String name, String source) {
    try {
      sql.sql(
              """
              insert into base_model_import (id, name, source, state, created_at)
              values (:id, :name, :source, 'queued', graft_now())
              """)
          .param("id", id)
          .param("name", name)
          .param("source", source)
          .update();
    } catch (DuplicateKeyException underWay) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "'%s' is being imported already.".formatted(name), "name");
    }
  }

  Optional<ModelImport> find(String id) {
    return sql.sql(ROW + " where id = :id").param("id", id).query(ModelImports::row).optional();
  }

  @Override
  public Optional<String> userOf(String departmentId, String fileId) {
    return sql.sql(
            "select id from base_model_import where source = :file and ended_at is null limit 1")
        .param("file", fileId)
        .query(String.class)
        .optional();
  }

  /** Returns the newest first. */
  List<ModelImport> page(@Nullable String after, int count) {
    return sql.sql(ROW + " where :after::text is null or id < :after order by id desc limit :count")
        .param("after", after)
        .param("count", count)
        .query(ModelImports::row)
        .list();
  }

  /** Records the progress; returns false if the import has ended. */
  boolean progress(String id, long bytes, @Nullable Long total) {
    return unfinished(
                "state = 'running', bytes = :bytes, total_bytes = coalesce(:total::bigint,"
                    + " total_bytes)",
                id)
            .param("bytes", bytes)
            .param("total", total)
            .update()
        == 1;
  }

  /** Records an error after which the import will be retried. */
  void met(String id, String error) {
    unfinished("error = left(:error, 2000)", id).param("error", error).update();
  }

  /**
   * @return whether it had not ended
   */
  boolean end(String id, String state, @Nullable String error) {
    return unfinished("state = :state, error = left(:error, 2000), ended_at = graft_now()", id)
            .param("state", state)
            .param("error", error)
            .update()
        == 1;
  }

  private JdbcClient.StatementSpec unfinished(String set, String id) {
    return sql.sql("update base_model_import set " + set + " where id = :id and ended_at is null")
        .param("id", id);
  }

  private static ModelImport row(ResultSet row, int index) throws SQLException {
    return new ModelImport(
        row.getString("id"),
        "base_model.import",
        row.getString("name"),
        row.getString("source"),
        row.getString("state"),
        row.getLong("bytes"),
        row.getObject("total_bytes", Long.class),
        row.getString("error"),
        row.getLong("created"),
        row.getObject("ended", Long.class));
  }

  /**
   * An import in the API.
   *
   * @param object always {@code base_model.import}
   * @param name of the new base model
   * @param source {@code hf:organization/name}, with a revision if one was named, or a file's id
   * @param status {@code queued}, {@code running}, {@code succeeded}, {@code failed} or {@code
   *     cancelled}
   * @param bytes fetched so far
   * @param totalBytes size of the model; null while it is not known
   * @param error why it failed; while it runs, the error of the last attempt
   * @param createdAt Unix time in seconds, as {@code finishedAt}
   */
  record ModelImport(
      String id,
      String object,
      String name,
      String source,
      String status,
      long bytes,
      @Nullable Long totalBytes,
      @Nullable String error,
      long createdAt,
      @Nullable Long finishedAt) {
    boolean ended() {
      return finishedAt != null;
    }
  }
}
