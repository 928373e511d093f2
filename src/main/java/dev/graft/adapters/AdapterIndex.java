package dev.graft.adapters;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.Cursor;
import dev.graft.platform.MetadataFilter;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TimeRange;
import dev.graft.tenancy.Retained;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.util.MultiValueMap;
import tools.jackson.databind.json.JsonMapper;

/** Searches with many conditions over {@code adapter}. */
@Component
class AdapterIndex {
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

  private static final String WITHOUT_NOTICE =
      """
      -- adapters without a notice
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

  /** Returns at most {@code limit} ids. */
  List<String> page(String department, Search search, int limit) {
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

  /** Returns adapters due for a retention notice, oldest first. */
  List<Retained.Thing> untold(String department, Instant latest, int limit) {
    return sql.sql(WITHOUT_NOTICE)
        .param("department", department)
        .param("latest", parameter(latest))
        .param("limit", limit)
        .query(
            (row, n) ->
                new Retained.Thing(
                    row.getString("id"), row.getString("name"), time(row, "created_at")))
        .list();
  }

  /**
   * Conditions of a search; null asks for all.
   *
   * @param after id of the last adapter of the page before
   * @param shared true finds adapters that others share with the department, not its own
   * @param name part of the model's name, in any case
   * @param method as {@code Adapter#method}, in any case
   */
  record Search(
      @Nullable String after,
      boolean shared,
      @Nullable String baseModel,
      @Nullable String parentModel,
      @Nullable String name,
      @Nullable String method,
      MetadataFilter metadata,
      TimeRange created) {

    /** Reads the query parameters; {@code after} comes from the page. */
    static Search parse(Cursor page, MultiValueMap<String, String> query) {
      return new Search(
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
}
