package dev.graft.evaluation;

import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.adapters.ModelAliases.ModelAlias;
import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.tenancy.Actor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** Every move of an alias: nothing changes one. */
@Component
class AliasHistory {
  private static final String SELECT =
      "select *, account_name(moved_by) as moved_by_name from model_alias_move"
          + " where department_id = :department and alias = :alias";

  private final JdbcClient sql;
  private final Ids ids;

  AliasHistory(JdbcClient sql, Ids ids) {
    this.sql = sql;
    this.ids = ids;
  }

  /**
   * What is written of a move.
   *
   * @param earlier as {@link AliasMove} has it
   * @param evidence as JSON, or null
   */
  record Entry(
      AliasMove.Kind kind,
      @Nullable String from,
      String to,
      @Nullable Integer earlier,
      @Nullable String reason,
      @Nullable String evidence,
      Actor by) {}

  /** Returns its number. Whoever asks holds the alias's lock, or has just made it. */
  @Transactional(propagation = Propagation.MANDATORY)
  int add(String departmentId, String alias, Entry entry) {
    return sql.sql(
            """
            insert into model_alias_move (id, department_id, alias, number, kind, from_model, to_model,
                                          earlier, reason, evidence, moved_by, created_at)
            select :id, :department, :alias, coalesce(max(number), 0) + 1, :kind, :from, :to,
                   :earlier, :reason, :evidence::jsonb, :by, graft_now()
              from model_alias_move where department_id = :department and alias = :alias
            returning number
            """)
        .param("id", ids.next("almv_"))
        .param("department", departmentId)
        .param("alias", alias)
        .param("kind", entry.kind().wire())
        .param("from", entry.from())
        .param("to", entry.to())
        .param("earlier", entry.earlier())
        .param("reason", entry.reason())
        .param("evidence", entry.evidence())
        .param("by", entry.by().id())
        .query(Integer.class)
        .single();
  }

  /** The move whose model a rollback of this one goes back to; empty if there is none. */
  @Transactional(propagation = Propagation.MANDATORY)
  Optional<AliasMove> earlier(ModelAlias now) {
    return sql.sql(
            SELECT
                + """
                 and number = (select earlier from model_alias_move
                               where department_id = :department and alias = :alias
                                 and number = :number)
                """)
        .param("department", now.departmentId())
        .param("alias", now.name())
        .param("number", now.chosenBy())
        .query(AliasHistory::move)
        .optional();
  }

  /** One more than the page has, newest first; an unknown cursor gives nothing. */
  @Transactional(readOnly = true)
  List<AliasMove> page(String departmentId, String alias, Cursor page) {
    return sql.sql(
            SELECT
                + """
                 and (:after::text is null
                      or number < (select number from model_alias_move
                                    where department_id = :department and alias = :alias
                                      and id = :after))
                 order by number desc limit :limit
                """)
        .param("department", departmentId)
        .param("alias", alias)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(AliasHistory::move)
        .list();
  }

  private static AliasMove move(ResultSet row, int number) throws SQLException {
    String evidence = row.getString("evidence");
    return new AliasMove(
        row.getString("id"),
        row.getInt("number"),
        AliasMove.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
        row.getString("from_model"),
        row.getString("to_model"),
        row.getObject("earlier", Integer.class),
        row.getString("reason"),
        evidence == null ? null : JsonMapper.shared().readTree(evidence),
        row.getString("moved_by_name"),
        time(row, "created_at"));
  }
}
