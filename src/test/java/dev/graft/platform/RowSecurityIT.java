package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.TestPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/**
 * Two departments with a row each in every table that has a department, or a row of one that has;
 * statements that forget whose rows they want.
 */
class RowSecurityIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  /** Of everybody, or of nobody who could be a department. */
  private static final List<String> SHARED =
      List.of(
          "artifact_store",
          "audit_denial",
          "base_model",
          "base_model_import",
          "blob_publication",
          "certificate_key",
          "department_erasure",
          "department_erasure_blob",
          "device_price",
          "engine",
          "flyway_schema_history",
          "link_key",
          "person",
          "rate_bucket",
          "submission",
          "unreferenced_blob",
          "worker",
          "worker_call",
          "worker_call_poll",
          "worker_call_report",
          "worker_device",
          "worker_join_token");

  static final List<String> OWNED = owned();

  private static Connection connection;
  private static JdbcClient sql;

  private static List<String> owned() {
    try (Connection once = connect()) {
      return JdbcClient.create(new SingleConnectionDataSource(once, true))
          .sql(
              """
              select relname from pg_class
               where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
                 and not relispartition and relname <> all(:shared) order by relname
              """)
          .param("shared", SHARED.toArray(String[]::new))
          .query(String.class)
          .list();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(DATABASE.url(), DATABASE.user(), DATABASE.password());
  }

  /**
   * Rows with what may not be null: what else they must have has nothing to do with whose they are.
   */
  @BeforeAll
  static void rows() throws SQLException {
    connection = connect();
    sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
    List<Map<String, Object>> constraints =
        sql.sql(
                """
                select conrelid::regclass::text as of_table, conname from pg_constraint
                 where connamespace = current_schema()::regnamespace and contype = 'c'
                """)
            .query()
            .listOfRows();
    constraints.forEach(
        each ->
            sql.sql(
                    "alter table %s drop constraint if exists %s"
                        .formatted(each.get("of_table"), each.get("conname")))
                .update());
    sql.sql("set session_replication_role = replica").update();
    for (String table : OWNED) Stream.of("1", "2").forEach(department -> insert(table, department));
    sql.sql("set session_replication_role = origin").update();
  }

  private static void insert(String table, String department) {
    Map<String, String> values =
        sql
            .sql(
                """
                select a.attname as name, format_type(a.atttypid, a.atttypmod) as type from pg_attribute a
                 where a.attrelid = :table::regclass and a.attnum > 0 and not a.attisdropped
                   and a.attidentity = '' and a.attgenerated = '' and (a.attnotnull or a.attname = 'department_id')
                """)
            .param("table", table)
            .query((row, n) -> Map.entry(row.getString("name"), row.getString("type")))
            .list()
            .stream()
            .collect(
                Collectors.toMap(Map.Entry::getKey, each -> value(each.getValue(), department)));
    sql.sql(
            "insert into %s (%s) values (%s)"
                .formatted(
                    table, String.join(", ", values.keySet()), String.join(", ", values.values())))
        .update();
  }

  private static String value(String type, String department) {
    return switch (type) {
      case "text" -> "'" + department + "'";
      case "uuid" -> "gen_random_uuid()";
      case "bytea" -> "sha256('" + department + "')";
      case "jsonb" -> "'{}'";
      case "boolean" -> "true";
      case "text[]" -> "'{}'";
      case "date", "timestamp with time zone", "timestamp without time zone" -> "now()";
      default -> department;
    };
  }

  @AfterAll
  static void close() throws SQLException {
    connection.close();
  }

  private static <T> T as(String department, java.util.function.Supplier<T> statements)
      throws SQLException {
    connection.setAutoCommit(false);
    try {
      sql.sql(
              "select set_config('role', :role, true), set_config('graft.department', :department,"
                  + " true)")
          .param("role", DepartmentConnection.ROLE)
          .param("department", department)
          .query()
          .listOfRows();
      return statements.get();
    } finally {
      connection.rollback();
      connection.setAutoCommit(true);
    }
  }

  @ParameterizedTest
  @FieldSource("OWNED")
  void aStatementThatForgetsTheDepartmentSeesNobodyElsesRows(String table) throws Exception {
    String count = "select count(*) from " + table;
    assertThat(sql.sql(count).query(Long.class).single()).isEqualTo(2);
    assertThat(as("1", () -> sql.sql(count).query(Long.class).single())).isEqualTo(1);
    assertThat(as("3", () -> sql.sql(count).query(Long.class).single())).isZero();
  }

  /** Either it may not at all, or it reaches the rows that it would see. */
  @ParameterizedTest
  @FieldSource("OWNED")
  void aDeletionThatForgetsTheDepartmentLeavesOthersTheirRows(String table) throws Exception {
    assertThat(
            as(
                "1",
                () -> {
                  try {
                    return sql.sql("delete from " + table).update();
                  } catch (org.springframework.dao.DataAccessException refused) {
                    return 0;
                  }
                }))
        .isLessThanOrEqualTo(1);
  }

  @Test
  void nobodyWritesARowForAnother() {
    assertThatThrownBy(
            () ->
                as(
                    "1",
                    () ->
                        sql.sql(
                                "insert into work_turn (kind, department_id, served_at) values"
                                    + " ('x', '2', now())")
                            .update()))
        .rootCause()
        .hasMessageContaining("row-level security");
  }

  /** Numbers are nobody's. */
  @Test
  void everySequenceCounts() {
    assertThat(
            sql.sql(
                    """
                    select seqrelid::regclass::text from pg_sequence
                     where not has_sequence_privilege('graft_department', seqrelid, 'usage')
                    """)
                .query(String.class)
                .list())
        .isEmpty();
  }

  @Test
  void noDepartmentMovesAJob() {
    assertThatThrownBy(() -> as("1", () -> sql.sql("update job set state = 'succeeded'").update()))
        .rootCause()
        .hasMessageContaining("permission denied for table job");
  }

  @Test
  void withoutADepartmentNothingIsSeen() throws Exception {
    assertThat(as("", () -> sql.sql("select count(*) from job").query(Long.class).single()))
        .isZero();
  }
}
