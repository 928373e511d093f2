package dev.graft.recipes;

import dev.graft.platform.pagination.Cursor;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The statements of the module. */
@Component
class AdapterConfigRows implements Owned {
  private static final JsonMapper JSON = JsonMapper.shared();

  private static final String READ =
      """
      select c.id, c.name, v.version, v.description, v.adapter, v.created_at
        from adapter_config c join adapter_config_version v on v.config_id = c.id
       where c.department_id = :department and c.deleted_at is null
      """;

  private static final String NEWEST =
      " and v.version = (select max(version) from adapter_config_version where config_id = c.id)";

  private final JdbcClient sql;

  AdapterConfigRows(JdbcClient sql) {
    this.sql = sql;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from adapter_config where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  /** False if the department has another of that name. */
  boolean insert(String id, String department, String name) {
    return sql.sql(
                """
                insert into adapter_config (id, department_id, name, created_at)
                values (:id, :department, :name, graft_now())
                on conflict (department_id, name) where deleted_at is null do nothing
                """)
            .param("id", id)
            .param("department", department)
            .param("name", name)
            .update()
        == 1;
  }

  /** The next version; the row of the configuration is locked, so that numbers have no gap. */
  int add(String id, @Nullable String description, ObjectNode adapter) {
    sql.sql("select id from adapter_config where id = :id for update")
        .param("id", id)
        .query(String.class)
        .single();
    return sql.sql(
            """
            insert into adapter_config_version (config_id, version, description, adapter, created_at)
            select :id, coalesce(max(version), 0) + 1, :description, :adapter::jsonb, graft_now()
              from adapter_config_version where config_id = :id
            returning version
            """)
        .param("id", id)
        .param("description", description)
        .param("adapter", adapter.toString())
        .query(Integer.class)
        .single();
  }

  /**
   * @param key id or name
   * @param version null = the newest
   */
  Optional<AdapterConfigVersion> find(String department, String key, @Nullable Integer version) {
    return sql.sql(
            READ
                + " and :key in (c.id, c.name)"
                + (version == null ? NEWEST : " and v.version = :version"))
        .param("department", department)
        .param("key", key)
        .param("version", version)
        .query(AdapterConfigRows::config)
        .optional();
  }

  /** Newest versions, the newest configuration first. */
  List<AdapterConfigVersion> list(String department, Cursor page) {
    return sql.sql(
            READ
                + NEWEST
                + " and (:after::text is null or c.id < :after) order by c.id desc limit :limit")
        .param("department", department)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(AdapterConfigRows::config)
        .list();
  }

  /** All versions of one, the newest first. */
  List<AdapterConfigVersion> versions(String department, String id) {
    return sql.sql(READ + " and c.id = :id order by v.version desc")
        .param("department", department)
        .param("id", id)
        .query(AdapterConfigRows::config)
        .list();
  }

  void delete(String department, String id) {
    sql.sql(
            """
            update adapter_config set deleted_at = graft_now()
             where id = :id and department_id = :department and deleted_at is null
            """)
        .param("id", id)
        .param("department", department)
        .update();
  }

  private static AdapterConfigVersion config(ResultSet row, int number) throws SQLException {
    return new AdapterConfigVersion(
        row.getString("id"),
        row.getString("name"),
        row.getInt("version"),
        row.getString("description"),
        (ObjectNode) JSON.readTree(row.getString("adapter")),
        row.getTimestamp("created_at").toInstant(),
        false);
  }
}
