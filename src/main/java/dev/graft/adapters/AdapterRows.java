package dev.graft.adapters;

import dev.graft.adapters.AdapterLineage.Stone;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobSucceeded;
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
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * The statements on {@code adapter}. A row that was deleted stays without its files: only {@link
 * #departmentOf}, {@link #stone} and {@link #stones} see it.
 */
@Component
@Profile("server")
class AdapterRows {
  private static final String READ =
      """
      select a.*, d.name as department_name
        from adapter a join department d on d.id = a.department_id
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
      select id, name, job_id, parent_model, deleted_at from adapter where department_id = :department
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

  /** Leaves the row without its files; returns the name. */
  Optional<String> delete(String department, String id) {
    return sql.sql(
            """
            update adapter set deleted_at = graft_now(), manifest = null, archive = null, archive_bytes = null
             where id = :id and department_id = :department and deleted_at is null
            returning name
            """)
        .param("id", id)
        .param("department", department)
        .query(String.class)
        .optional();
  }

  /**
   * A deprecation keeps the time of its beginning while its words change.
   *
   * @param deprecation null = none any more
   * @param only if the deprecation is still the one that was seen
   */
  boolean deprecate(Adapter seen, @Nullable DeprecationRequest deprecation, boolean only) {
    Deprecation before = seen.deprecation();
    return sql.sql(
                """
                update adapter
                   set deprecated_at = case when :notice::text is not null
                                            then coalesce(deprecated_at, graft_now()) end,
                       deprecation_notice = :notice::text,
                       retires_at = :retires_at::timestamptz
                 where id = :id and department_id = :department and deleted_at is null
                   and (not :only
                        or deprecation_notice is not distinct from :seen_notice::text
                           and retires_at is not distinct from :seen_retires_at::timestamptz)
                """)
            .param("id", seen.id())
            .param("department", seen.departmentId())
            .param("notice", deprecation == null ? null : deprecation.notice())
            .param("retires_at", utc(deprecation == null ? null : deprecation.retiresAt()))
            .param("only", only)
            .param("seen_notice", before == null ? null : before.notice())
            .param("seen_retires_at", utc(before == null ? null : before.retiresAt()))
            .update()
        == 1;
  }

  private static @Nullable OffsetDateTime utc(@Nullable Instant at) {
    return at == null ? null : at.atOffset(ZoneOffset.UTC);
  }

  /** How many there are, of all departments. */
  long onBase(String baseModel) {
    return sql.sql("select count(*) from adapter where base_model = ? and deleted_at is null")
        .param(baseModel)
        .query(Long.class)
        .single();
  }

  Optional<BlobRef> archive(String department, String id) {
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
  void keepArchive(String department, String id, BlobRef archive) {
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
    OffsetDateTime deletedAt = row.getObject("deleted_at", OffsetDateTime.class);
    return new Stone(
        row.getString("id"),
        row.getString("name"),
        row.getString("job_id"),
        row.getString("parent_model"),
        deletedAt == null ? null : deletedAt.toInstant());
  }

  private static @Nullable Deprecation deprecation(ResultSet row) throws SQLException {
    OffsetDateTime since = row.getObject("deprecated_at", OffsetDateTime.class);
    if (since == null) return null;
    OffsetDateTime retiresAt = row.getObject("retires_at", OffsetDateTime.class);
    return new Deprecation(
        since.toInstant(),
        row.getString("deprecation_notice"),
        retiresAt == null ? null : retiresAt.toInstant());
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
        row.getLong("trained_tokens"),
        row.getObject("created_at", OffsetDateTime.class).toInstant());
  }
}
