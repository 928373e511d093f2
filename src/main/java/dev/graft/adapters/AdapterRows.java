package dev.graft.adapters;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;
import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.adapters.AdapterLineage.Stone;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import dev.graft.catalog.BaseModels.BaseModelUse;
import dev.graft.jobs.JobSucceeded;
import dev.graft.platform.Cursor;
import dev.graft.platform.MetadataFilter;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TimeRange;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Retained;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Repository;
import org.springframework.util.MultiValueMap;
import tools.jackson.databind.json.JsonMapper;

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
  void deprecate(String id, Adapters.@Nullable DeprecationRequest said, Instant now) {
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

  /** The statements that search {@code adapter}; its rows are read and written by AdapterRows. */
  @Component
  static class AdapterIndex {
    /** Newest first; an unknown cursor gives nothing. */
    private static final String PAGE =
        """
        select a.id from adapter a
         where a.deleted_at is null
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

    private static final String UNTOLD =
        """
        -- untold adapters
        select id, name, created_at from adapter a
         where department_id = :department and deleted_at is null and not kept
           and created_at <= :latest
           and not exists (select from retention_notice n
                            where n.kind = 'adapters' and n.resource_id = a.id collate "C")
         order by created_at, id limit :limit
        """;

    private final JdbcClient sql;

    AdapterIndex(JdbcClient sql) {
      this.sql = sql;
    }

    /** Ids of at most {@code limit} of those that are searched for. */
    List<String> page(String department, AdapterSearch search, int limit) {
      return sql.sql(PAGE.formatted(search.shared() ? SHARED : OWN))
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
          .query((row, n) -> row.getString("id"))
          .list();
    }

    /**
     * Those that nobody keeps, published by then, and that no notice tells of, the oldest first.
     */
    List<Retained.Thing> untold(String department, Instant latest, int limit) {
      return sql.sql(UNTOLD)
          .param("department", department)
          .param("latest", ResultColumns.parameter(latest))
          .param("limit", limit)
          .query(
              (row, n) ->
                  new Retained.Thing(
                      row.getString("id"),
                      row.getString("name"),
                      ResultColumns.time(row, "created_at")))
          .list();
    }
  }

  /**
   * Which of a department's adapters are wanted; what is null asks for all.
   *
   * @param after id of the last adapter of the page before
   * @param shared those of others that the department may use, instead of its own
   * @param name part of the model's name, in any case
   * @param method as {@code Adapter#method}, in any case
   */
  record AdapterSearch(
      @Nullable String after,
      boolean shared,
      @Nullable String baseModel,
      @Nullable String parentModel,
      @Nullable String name,
      @Nullable String method,
      MetadataFilter metadata,
      TimeRange created) {

    /** The query parameters as they came; {@code after} is the page's. */
    public static AdapterSearch parse(Cursor page, MultiValueMap<String, String> query) {
      return new AdapterSearch(
          page.after(),
          shared(query.getFirst("shared")),
          query.getFirst("base_model"),
          query.getFirst("parent_model"),
          query.getFirst("name"),
          query.getFirst("method"),
          MetadataFilter.parse(query),
          TimeRange.parse(query, "created_at"));
    }

    private static boolean shared(@Nullable String text) {
      return switch (text) {
        case null -> false;
        case "false" -> false;
        case "true" -> true;
        default -> throw RequestFailed.invalid("shared", "shared must be true or false.");
      };
    }

    @Nullable String metadataJson() {
      return metadata.pairs().isEmpty()
          ? null
          : JsonMapper.shared().writeValueAsString(metadata.pairs());
    }
  }

  /** Adapters that are there: chats with them need the base model. */
  @Component
  static class AdaptersOnBaseModels implements BaseModelUse {
    private final AdapterRows rows;

    AdaptersOnBaseModels(AdapterRows rows) {
      this.rows = rows;
    }

    @Override
    public String name() {
      return "adapters";
    }

    @Override
    public long count(String baseModel) {
      return rows.countOnBaseModel(baseModel);
    }
  }

  /** What adapters need; a deleted one has no manifest. */
  @Component
  static class AdapterBlobs implements BlobReferences {
    /** Training that goes on from an adapter begins on the base that its job had. */
    private static final String BASE_OF_ONE =
        "exists (select from adapter a where a.job_id = job.id and a.deleted_at is null)";

    @Override
    public List<BlobColumn> columns() {
      return List.of(
          new BlobColumn("adapter", "manifest", MANIFEST),
          new BlobColumn("adapter", "archive", BLOB, "deleted_at is null"),
          new BlobColumn("job", "base_manifest", MANIFEST, BASE_OF_ONE));
    }
  }
}
