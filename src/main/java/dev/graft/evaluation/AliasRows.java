package dev.graft.evaluation;

import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.adapters.ModelAliases;
import dev.graft.adapters.ModelAliases.ModelAlias;
import dev.graft.platform.Cursor;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The aliases as they are. */
@Component
class AliasRows implements ModelAliases, Owned {
  private final JdbcClient sql;

  AliasRows(JdbcClient sql) {
    this.sql = sql;
  }

  /** A department of several that have one of this name, if any has. */
  @Override
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String name) {
    return sql.sql("select min(department_id) from model_alias where name = :name")
        .param("name", name)
        .query((row, n) -> Optional.ofNullable(row.getString(1)))
        .single();
  }

  @Override
  @Transactional(readOnly = true)
  public Optional<ModelAlias> find(String departmentId, String name) {
    return Aliases.AliasName.fits(name) ? find(departmentId, name, "") : Optional.empty();
  }

  /** Nobody else moves it before this transaction ends. */
  @Transactional(propagation = Propagation.MANDATORY)
  Optional<ModelAlias> lock(String departmentId, String name) {
    return find(departmentId, name, " for update");
  }

  private Optional<ModelAlias> find(String departmentId, String name, String lock) {
    return sql.sql(
            "select * from model_alias where department_id = :department and name = :name" + lock)
        .param("department", departmentId)
        .param("name", name)
        .query(AliasRows::alias)
        .optional();
  }

  @Override
  @Transactional(readOnly = true)
  public List<ModelAlias> all(String departmentId) {
    return page(departmentId, null, null);
  }

  @Override
  @Transactional(readOnly = true)
  public List<ModelAlias> everywhere() {
    return sql.sql("select * from model_alias order by department_id, name")
        .query(AliasRows::alias)
        .list();
  }

  /** One more than the page has, by name. */
  @Transactional(readOnly = true)
  List<ModelAlias> page(String departmentId, Cursor page) {
    return page(departmentId, page.after(), page.limit() + 1);
  }

  private List<ModelAlias> page(
      String departmentId, @Nullable String after, @Nullable Integer limit) {
    return sql.sql(
            """
            select * from model_alias
             where department_id = :department and (:after::text is null or name > :after)
             order by name limit :limit
            """)
        .param("department", departmentId)
        .param("after", after)
        .param("limit", limit)
        .query(AliasRows::alias)
        .list();
  }

  private static ModelAlias alias(ResultSet row, int number) throws SQLException {
    return new ModelAlias(
        row.getString("department_id"),
        row.getString("name"),
        row.getString("model"),
        row.getInt("chosen_by"),
        time(row, "created_at"),
        time(row, "moved_at"));
  }

  @Override
  @Transactional(readOnly = true)
  public List<String> of(String departmentId, String model) {
    return sql.sql(
            """
            select name from model_alias where department_id = :department and model = :model
             order by name
            """)
        .param("department", departmentId)
        .param("model", model)
        .query((row, n) -> row.getString("name"))
        .list();
  }

  @Override
  @Transactional(readOnly = true)
  public boolean need(String departmentId, String model) {
    return sql.sql(
            """
            select exists (
              select from model_alias a
               where a.department_id = :department
                 and (a.model = :model
                      or exists (select from model_alias_move m
                                   join model_alias_move e using (department_id, alias)
                                  where m.department_id = a.department_id and m.alias = a.name
                                    and m.number = a.chosen_by and e.number = m.earlier
                                    and e.to_model = :model)))
            """)
        .param("department", departmentId)
        .param("model", model)
        .query(Boolean.class)
        .single();
  }

  /** Refused by the table if there is one of this name. */
  @Transactional(propagation = Propagation.MANDATORY)
  void insert(String departmentId, String name, String model) {
    sql.sql(
            """
            insert into model_alias (department_id, name, model, chosen_by, created_at, moved_at)
            values (:department, :name, :model, 1, graft_now(), graft_now())
            """)
        .param("department", departmentId)
        .param("name", name)
        .param("model", model)
        .update();
  }

  /**
   * @param chosenBy number of the move that has chosen the model
   */
  @Transactional(propagation = Propagation.MANDATORY)
  void point(ModelAlias alias, String model, int chosenBy) {
    sql.sql(
            """
            update model_alias set model = :model, chosen_by = :chosen_by, moved_at = graft_now()
             where department_id = :department and name = :name
            """)
        .param("department", alias.departmentId())
        .param("name", alias.name())
        .param("model", model)
        .param("chosen_by", chosenBy)
        .update();
  }

  /** With its history; false if there is none. */
  @Transactional(propagation = Propagation.MANDATORY)
  boolean delete(String departmentId, String name) {
    return sql.sql("delete from model_alias where department_id = :department and name = :name")
            .param("department", departmentId)
            .param("name", name)
            .update()
        == 1;
  }
}
