package dev.graft.adapters.registry;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.AdapterDeprecation;
import dev.graft.adapters.registry.AdapterLineage.Stone;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobSucceeded;
import dev.graft.retention.Retained;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The statements that read {@code adapter}, and those of its publication; {@link AdapterChanges}
 * has the others. A row that was deleted stays without its files: only {@link #departmentOf},
 * {@link #stone} and {@link #stones} see it.
 */
@Component
public class AdapterRows {
  private static final String READ =
      """
      select a.*, d.name as department_name, n.delete_at
        from adapter a join department d on d.id = a.department_id
        left join retention_notice n on n.kind = 'adapters' and n.resource_id = a.id collate "C"
       where a.deleted_at is null
      """;

  /** After {@link #READ}: newest first; an unknown cursor gives nothing. */
  private static final String PAGE =
      """
        and %1$s
        and (:base_model::text is null or a.base_model = :base_model)
        and (:parent_model::text is null or a.parent_model = :parent_model)
        and (:name::text is null or strpos(lower(a.name), lower(:name)) > 0)
        and (:method::text is null or lower(a.method) = lower(:method))
        and (:from::bigint is null or a.created_at >= to_timestamp(:from))
        and (:until::bigint is null or a.created_at < to_timestamp(:until + 1))
        and (:metadata::jsonb is null or a.metadata @> :metadata::jsonb)
        and (not :without_metadata or coalesce(a.metadata, '{}') = '{}')
        and (:after::text is null
             or (a.created_at, a.id) < (select created_at, id from adapter a
                                         where a.id = :after and %1$s))
      order by a.created_at desc, a.id desc
      limit :limit
      """;

  private static final String OWN = "a.department_id = :department";

  private static final String SHARED =
      """
      exists (select from checkpoint_permission p
               where p.model = a.name and p.department_id = :department)
      """;

  private static final String STONE =
      """
      select id, name, job_id, parent_model, deleted_at, deletion_reason from adapter where department_id = :department
      """;

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
    return one(" and a.department_id = :department and a.id = :key", department, id);
  }

  Optional<Adapter> named(String department, String name) {
    return one(" and a.department_id = :department and a.name = :key", department, name);
  }

  /** Of whichever department. */
  Optional<Adapter> any(String id) {
    return sql.sql(READ + " and a.id = :id").param("id", id).query(AdapterRows::adapter).optional();
  }

  private Optional<Adapter> one(String condition, String department, String key) {
    return sql.sql(READ + condition)
        .param("department", department)
        .param("key", key)
        .query(AdapterRows::adapter)
        .optional();
  }

  /** At most {@code limit} of those that are searched for. */
  List<Adapter> page(String department, AdapterSearch search, int limit) {
    return sql.sql(READ + PAGE.formatted(search.shared() ? SHARED : OWN))
        .param("department", department)
        .param("base_model", search.baseModel())
        .param("parent_model", search.parentModel())
        .param("name", search.name())
        .param("method", search.method())
        .param("from", search.created().from())
        .param("until", search.created().until())
        .param("metadata", search.metadataJson())
        .param("without_metadata", search.metadata().absent())
        .param("after", search.after())
        .param("limit", limit)
        .query(AdapterRows::adapter)
        .list();
  }

  /** Whose it is or was: only to say so. */
  Optional<String> departmentOf(String id, String name) {
    return sql.sql("select department_id from adapter where id = :id or name = :name limit 1")
        .param("id", id)
        .param("name", name)
        .query(String.class)
        .optional();
  }

  /** Deleted ones too. */
  Optional<Stone> stone(String department, String id) {
    return sql.sql(STONE + " and id = :id")
        .param("department", department)
        .param("id", id)
        .query(AdapterRows::stone)
        .optional();
  }

  /** What these jobs of the department have made, by job; deleted ones too. */
  Map<String, Stone> stones(String department, List<String> jobs) {
    return sql
        .sql(STONE + " and job_id = any(:jobs)")
        .param("department", department)
        .param("jobs", jobs.toArray(String[]::new))
        .query(AdapterRows::stone)
        .stream()
        .collect(Collectors.toMap(Stone::jobId, Function.identity()));
  }

  /** Those that nobody keeps, published by then, and that no notice tells of, the oldest first. */
  List<Retained.Thing> untold(String department, Instant latest, int limit) {
    return sql.sql(
            """
            -- untold adapters
            select id, name, created_at from adapter a
             where department_id = :department and deleted_at is null and not kept
               and created_at <= :latest
               and not exists (select from retention_notice n
                                where n.kind = 'adapters' and n.resource_id = a.id collate "C")
             order by created_at, id limit :limit
            """)
        .param("department", department)
        .param("latest", latest.atOffset(ZoneOffset.UTC))
        .param("limit", limit)
        .query(
            (row, n) ->
                new Retained.Thing(
                    row.getString("id"), row.getString("name"), time(row, "created_at")))
        .list();
  }

  /** How many there are, of all departments. */
  long onBase(String baseModel) {
    return sql.sql("select count(*) from adapter where base_model = ? and deleted_at is null")
        .param(baseModel)
        .query(Long.class)
        .single();
  }

  public Optional<BlobRef> archive(String department, String id) {
    return sql.sql(
            """
            select archive, archive_bytes from adapter
             where id = :id and department_id = :department and archive is not null
            """)
        .param("id", id)
        .param("department", department)
        .query(
            (row, n) ->
                new BlobRef(new Digest(row.getString("archive")), row.getLong("archive_bytes")))
        .optional();
  }

  /** Unless there is one: the first of several servers decides. */
  public void keepArchive(String department, String id, BlobRef archive) {
    sql.sql(
            """
            update adapter set archive = :archive, archive_bytes = :bytes
             where id = :id and department_id = :department and archive is null and deleted_at is null
            """)
        .param("id", id)
        .param("department", department)
        .param("archive", archive.sha256().hex())
        .param("bytes", archive.bytes())
        .update();
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

  private static @Nullable AdapterDeprecation deprecation(ResultSet row) throws SQLException {
    Instant since = timeOrNull(row, "deprecated_at");
    return since == null
        ? null
        : new AdapterDeprecation(
            since, row.getString("deprecation_notice"), timeOrNull(row, "retires_at"));
  }

  private static @Nullable Instant timeOrNull(ResultSet row, String column) throws SQLException {
    OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
    return value == null ? null : value.toInstant();
  }

  private static Instant time(ResultSet row, String column) throws SQLException {
    return row.getObject(column, OffsetDateTime.class).toInstant();
  }

  private static Adapter adapter(ResultSet row, int number) throws SQLException {
    return new Adapter(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("department_name"),
        row.getString("name"),
        row.getString("job_id"),
        row.getString("base_model"),
        row.getString("training_file"),
        new Digest(row.getString("manifest")),
        row.getString("configuration"),
        row.getString("method"),
        row.getString("metadata"),
        row.getString("parent_model"),
        deprecation(row),
        row.getBoolean("kept"),
        timeOrNull(row, "delete_at"),
        row.getLong("trained_tokens"),
        time(row, "created_at"));
  }
}
