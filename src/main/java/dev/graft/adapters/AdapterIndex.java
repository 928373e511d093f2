package dev.graft.adapters;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Retained;
import java.time.Instant;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The statements that search {@code adapter}; its rows are read and written by AdapterRows. */
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

  /** Those that nobody keeps, published by then, and that no notice tells of, the oldest first. */
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
