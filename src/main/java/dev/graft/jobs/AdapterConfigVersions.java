package dev.graft.jobs;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The statements on {@code adapter_config_version}, whose rows never change. */
@Repository
class AdapterConfigVersions {
  private static final JsonMapper JSON = JsonMapper.shared();

  private static final String READ =
      """
      select c.id, c.name, v.version, v.description, v.adapter, v.created_at
        from adapter_config_version v join adapter_config c on c.id = v.config_id
       where c.department_id = :department and c.deleted_at is null
      """;

  private static final String NEWEST =
      "(select max(w.version) from adapter_config_version w where w.config_id = c.id)";

  private final JdbcClient sql;

  AdapterConfigVersions(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * @param key id or name
   * @param version null = the newest
   */
  Optional<AdapterConfigVersion> find(String department, String key, @Nullable Integer version) {
    return sql.sql(
            READ + " and :key in (c.id, c.name) and v.version = coalesce(:version, " + NEWEST + ")")
        .param("department", department)
        .param("key", key)
        .param("version", version)
        .query(AdapterConfigVersions::version)
        .optional();
  }

  /** Newest versions, the newest configuration first. */
  List<AdapterConfigVersion> list(String department, @Nullable String after, int limit) {
    return sql.sql(
            READ
                + " and (:after::text is null or c.id < :after) and v.version = "
                + NEWEST
                + " order by c.id desc limit :limit")
        .param("department", department)
        .param("after", after)
        .param("limit", limit)
        .query(AdapterConfigVersions::version)
        .list();
  }

  /** All versions of one, the newest first. */
  List<AdapterConfigVersion> of(String department, String id) {
    return sql.sql(READ + " and c.id = :id order by v.version desc")
        .param("department", department)
        .param("id", id)
        .query(AdapterConfigVersions::version)
        .list();
  }

  private static AdapterConfigVersion version(ResultSet row, int number) throws SQLException {
    return new AdapterConfigVersion(
        row.getString("id"),
        row.getString("name"),
        row.getInt("version"),
        row.getString("description"),
        (ObjectNode) JSON.readTree(row.getString("adapter")),
        time(row, "created_at"),
        false);
  }

  /** Returns its number, from 1. */
  int add(String id, @Nullable String description, ObjectNode adapter, Instant now) {
    return sql.sql(
            """
            insert into adapter_config_version (config_id, version, description, adapter, created_at)
            values (:id,
                    (select coalesce(max(version), 0) + 1 from adapter_config_version
                      where config_id = :id),
                    :description, :adapter::jsonb, :now)
            returning version
            """)
        .param("id", id)
        .param("description", description)
        .param("adapter", adapter.toString())
        .param("now", parameter(now))
        .query(Integer.class)
        .single();
  }
}
