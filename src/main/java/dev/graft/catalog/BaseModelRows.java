package dev.graft.catalog;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.artifacts.Digest;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code base_model}; only whether one is enabled is ever written later. */
@Repository
class BaseModelRows {
  private final JdbcClient sql;

  BaseModelRows(JdbcClient sql) {
    this.sql = sql;
  }

  Optional<BaseModel> find(String name) {
    return sql.sql("select * from base_model where name = :name")
        .param("name", name)
        .query(BaseModelRows::model)
        .optional();
  }

  /** By name. */
  List<BaseModel> all() {
    return sql.sql("select * from base_model order by name").query(BaseModelRows::model).list();
  }

  private static BaseModel model(ResultSet row, int number) throws SQLException {
    return new BaseModel(
        row.getString("name"),
        row.getString("family"),
        new Digest(row.getString("manifest")),
        row.getLong("parameters"),
        row.getInt("context_length"),
        row.getLong("bytes"),
        row.getString("license"),
        row.getString("source"),
        row.getObject("disabled_at") == null,
        time(row, "created_at"));
  }

  void insert(BaseModel model) {
    sql.sql(
            """
            insert into base_model (name, family, manifest, parameters, context_length, bytes, license,
                                    source, created_at)
            values (:name, :family, :manifest, :parameters, :context_length, :bytes, :license,
                    :source, :created_at)
            """)
        .param("name", model.name())
        .param("family", model.family())
        .param("manifest", model.manifest().hex())
        .param("parameters", model.parameters())
        .param("context_length", model.contextLength())
        .param("bytes", model.bytes())
        .param("license", model.license())
        .param("source", model.source())
        .param("created_at", parameter(model.createdAt()))
        .update();
  }

  /** False if it is so already, or there is none. */
  boolean enable(String name, boolean enabled, Instant now) {
    return sql.sql(
                """
                update base_model set disabled_at = case when :enabled then null else :now end
                 where name = :name and (disabled_at is null) <> :enabled
                """)
            .param("name", name)
            .param("enabled", enabled)
            .param("now", parameter(now))
            .update()
        == 1;
  }

  void delete(String name) {
    sql.sql("delete from base_model where name = :name").param("name", name).update();
  }
}
