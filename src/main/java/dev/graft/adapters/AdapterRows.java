package dev.graft.adapters;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.adapters.AdapterLineage.Stone;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobSucceeded;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The statements on {@code adapter}, but for those that search. The row of a deleted one stays,
 * without its files, and is found only where that is said.
 */
@Repository
class AdapterRows {
  private static final String NEWEST_FIRST = " order by created_at desc, id desc";

  private final JdbcClient sql;

  AdapterRows(JdbcClient sql) {
    this.sql = sql;
  }

  void insert(String id, JobSucceeded job) {
    sql.sql(
            """
            insert into adapter (id, department_id, name, job_id, base_model, training_file, manifest,
                                 configuration, metadata, parent_model, trained_tokens, created_at)
            values (:id, :department, :name, :job, :base_model, :training_file, :manifest,
                    :configuration, :metadata::jsonb, :parent_model, :trained_tokens, graft_now())
            """)
        .param("id", id)
        .param("department", job.departmentId())
        .param("name", job.fineTunedModel())
        .param("job", job.jobId())
        .param("base_model", job.baseModel())
        .param("training_file", job.trainingFile())
        .param("manifest", job.manifest().hex())
        .param("configuration", job.adapterJson())
        .param("metadata", job.metadataJson())
        .param("parent_model", job.parentModel())
        .param("trained_tokens", job.trainedTokens())
        .update();
  }

  Optional<Adapter> find(String department, String id) {
    return one("department_id = :department and id = :key", department, id);
  }

  Optional<Adapter> named(String department, String name) {
    return one("department_id = :department and name = :key", department, name);
  }

  /** No one else changes it before this transaction ends. */
  Optional<Adapter> findToChange(String department, String id) {
    return one("department_id = :department and id = :key for no key update", department, id);
  }

  /** No one deletes it before this transaction ends. */
  Optional<Adapter> findToHold(String department, String nameOrId) {
    return one(
        "department_id = :department and :key in (name, id) for share", department, nameOrId);
  }

  private Optional<Adapter> one(String which, String department, String key) {
    return read(which, Map.of("department", department, "key", key)).stream().findFirst();
  }

  /** Of whichever department, as {@link #onBaseModels}. */
  Optional<Adapter> any(String id) {
    return read("id = :id", Map.of("id", id)).stream().findFirst();
  }

  List<Adapter> onBaseModels(Collection<String> baseModels) {
    return read("base_model = any(:models)", Map.of("models", baseModels.toArray(String[]::new)));
  }

  /** Newest first. */
  List<Adapter> all(String department) {
    return read("department_id = :department" + NEWEST_FIRST, Map.of("department", department));
  }

  /** Newest first. */
  List<Adapter> all(List<String> ids) {
    return read("id = any(:ids)" + NEWEST_FIRST, Map.of("ids", ids.toArray(String[]::new)));
  }

  private List<Adapter> read(String which, Map<String, ?> parameters) {
    return sql.sql("select * from adapter where deleted_at is null and " + which)
        .params(parameters)
        .query(AdapterRows::adapter)
        .list();
  }

  private static Adapter adapter(ResultSet row, int number) throws SQLException {
    String archive = row.getString("archive");
    Instant deprecated = timeOrNull(row, "deprecated_at");
    return new Adapter(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        row.getString("base_model"),
        row.getString("configuration"),
        row.getString("method"),
        new Adapter.Origin(
            row.getString("job_id"),
            row.getString("training_file"),
            row.getString("parent_model"),
            row.getString("metadata"),
            row.getLong("trained_tokens")),
        new Digest(row.getString("manifest")),
        archive == null ? null : new BlobRef(new Digest(archive), row.getLong("archive_bytes")),
        deprecated == null
            ? null
            : new Adapter.Deprecation(
                deprecated, row.getString("deprecation_notice"), timeOrNull(row, "retires_at")),
        row.getBoolean("kept"),
        row.getInt("version"),
        time(row, "created_at"));
  }

  /** Newest first. */
  List<String> names(String department, int most) {
    return sql.sql(
            "select name from adapter where department_id = :department and deleted_at is null"
                + NEWEST_FIRST
                + " limit :most")
        .param("department", department)
        .param("most", most)
        .query((row, n) -> row.getString(1))
        .list();
  }

  long countOnBaseModel(String baseModel) {
    return sql.sql("select count(*) from adapter where base_model = :model and deleted_at is null")
        .param("model", baseModel)
        .query(Long.class)
        .single();
  }

  /** Deleted ones too, as below. */
  Optional<String> departmentOf(String id, String name) {
    return sql.sql("select department_id from adapter where id = :id or name = :name limit 1")
        .param("id", id)
        .param("name", name)
        .query(String.class)
        .optional();
  }

  Optional<Stone> stone(String department, String id) {
    return sql.sql("select * from adapter where department_id = :department and id = :id")
        .param("department", department)
        .param("id", id)
        .query(AdapterRows::stone)
        .optional();
  }

  List<Stone> stones(String department, List<String> jobs) {
    return sql.sql(
            "select * from adapter where department_id = :department and job_id = any(:jobs)")
        .param("department", department)
        .param("jobs", jobs.toArray(String[]::new))
        .query(AdapterRows::stone)
        .list();
  }

  private static Stone stone(ResultSet row, int number) throws SQLException {
    return new Stone(
        row.getString("id"),
        row.getString("name"),
        row.getString("job_id"),
        row.getString("parent_model"),
        timeOrNull(row, "deleted_at"),
        row.getString("deletion_reason") != null);
  }

  /**
   * A deprecation keeps the time of its beginning while its words change.
   *
   * @param said null takes it back
   */
  void deprecate(String id, @Nullable DeprecationRequest said, Instant now) {
    sql.sql(
            """
            update adapter
               set deprecated_at = case when :notice::text is not null
                                        then coalesce(deprecated_at, :now) end,
                   deprecation_notice = :notice, retires_at = :retires, version = version + 1
             where id = :id
               and (deprecation_notice, retires_at)
                   is distinct from (:notice::text, :retires::timestamptz)
            """)
        .param("id", id)
        .param("notice", said == null ? null : said.notice())
        .param("retires", parameter(said == null ? null : said.retiresAt()))
        .param("now", parameter(now))
        .update();
  }

  void keep(String id, boolean keep) {
    sql.sql(
            """
            update adapter set kept = :keep, version = version + 1 where id = :id and kept <> :keep
            """)
        .param("id", id)
        .param("keep", keep)
        .update();
  }

  /**
   * @param reason {@code retention}, or null where somebody asked for it
   */
  void delete(String id, @Nullable String reason, Instant now) {
    sql.sql(
            """
            update adapter
               set deleted_at = :now, deletion_reason = :reason, manifest = null, archive = null,
                   archive_bytes = null, version = version + 1
             where id = :id
            """)
        .param("id", id)
        .param("reason", reason)
        .param("now", parameter(now))
        .update();
  }

  /** Unless there is one: the first of several servers decides. What people say stays as it is. */
  int keepArchive(String id, BlobRef made) {
    return sql.sql(
            """
            update adapter set archive = :archive, archive_bytes = :bytes
             where id = :id and archive is null and deleted_at is null
            """)
        .param("id", id)
        .param("archive", made.sha256().hex())
        .param("bytes", made.bytes())
        .update();
  }
}
