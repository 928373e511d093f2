package dev.graft.inference;

import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.EveryDepartment;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/** The statements on {@code engine}: what the last check of each has found. */
@Repository
class EngineRows {
  private static final TypeReference<List<FoundModel>> MODELS = new TypeReference<>() {};

  private final JdbcClient sql;
  private final JsonMapper json;

  EngineRows(JdbcClient sql, JsonMapper json) {
    this.sql = sql;
    this.json = json;
  }

  /**
   * @param since when it came to have this status
   */
  record Row(
      String name,
      String status,
      @Nullable String error,
      Instant checkedAt,
      Instant since,
      List<FoundModel> models) {}

  /** By name; it is of no department, and says itself whose models are there. */
  List<Row> all() {
    return EveryDepartment.call(
        () -> sql.sql("select * from engine order by name").query(this::row).list());
  }

  Optional<Row> find(String name) {
    return all().stream().filter(each -> each.name().equals(name)).findFirst();
  }

  private Row row(ResultSet row, int index) throws SQLException {
    return new Row(
        row.getString("name"),
        row.getString("status"),
        row.getString("error"),
        time(row, "checked_at"),
        time(row, "since"),
        json.readValue(row.getString("models"), MODELS));
  }

  /** Returns whether its status is another than before. */
  boolean write(String name, EngineHealth found) {
    return sql.sql(
            """
            with before as (select status from engine where name = :name),
                 now as (
              insert into engine as e (name, status, error, checked_at, since, models)
              values (:name, :status, :error, graft_now(), graft_now(), :models::jsonb)
              on conflict (name) do update
                 set status = excluded.status, error = excluded.error, models = excluded.models,
                     checked_at = excluded.checked_at,
                     since = case when e.status = excluded.status then e.since else excluded.since end)
            select (select status from before) is distinct from :status
            """)
        .param("name", name)
        .param("status", found.status().wire())
        .param("error", found.error())
        .param("models", json.writeValueAsString(found.models()))
        .query(Boolean.class)
        .single();
  }

  void delete(String name) {
    sql.sql("delete from engine where name = :name").param("name", name).update();
  }
}
