package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.TestPostgres;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Who the statements of a thread run as; all on one connection, as if a pool had no other. */
class DepartmentConnectionsIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final SingleConnectionDataSource ONE =
      new SingleConnectionDataSource(DATABASE.url(), DATABASE.user(), DATABASE.password(), true);

  private final DepartmentConnection.DepartmentConnections connections =
      new DepartmentConnection.DepartmentConnections(ONE);
  private final JdbcClient sql = JdbcClient.create(connections);
  private final TransactionTemplate transaction =
      new TransactionTemplate(new DataSourceTransactionManager(connections));

  @AfterAll
  static void close() {
    ONE.destroy();
  }

  @BeforeEach
  void signIn() {
    OwnRows caller = () -> "proj_a";
    SecurityContextHolder.getContext()
        .setAuthentication(
            UsernamePasswordAuthenticationToken.authenticated(caller, null, List.of()));
  }

  @AfterEach
  void signOut() {
    SecurityContextHolder.clearContext();
  }

  private String whoAndWhose() {
    return sql.sql("select current_user || ' ' || own_department()").query(String.class).single();
  }

  private void assertTheConnectionIsAsItWas() throws SQLException {
    assertThat(ONE.getConnection().getAutoCommit()).isTrue();
    assertThat(JdbcClient.create(ONE).sql("select current_user").query(String.class).single())
        .isEqualTo(DATABASE.user());
  }

  @Test
  void aSingleStatementIsTheDepartments() throws Exception {
    assertThat(whoAndWhose()).isEqualTo("graft_department proj_a");
    assertTheConnectionIsAsItWas();
  }

  @Test
  void whatASingleStatementWritesIsThere() throws Exception {
    sql.sql("insert into work_turn values ('x', 'proj_a', now())").update();
    assertTheConnectionIsAsItWas();
    assertThat(
            JdbcClient.create(ONE)
                .sql("delete from work_turn where department_id = 'proj_a'")
                .update())
        .isEqualTo(1);
  }

  @Test
  void whatFailsLeavesTheConnectionUsable() throws Exception {
    assertThatThrownBy(
            () -> sql.sql("insert into work_turn values ('x', 'proj_b', now())").update())
        .isInstanceOf(DataAccessException.class);
    assertTheConnectionIsAsItWas();
    assertThat(whoAndWhose()).isEqualTo("graft_department proj_a");
  }

  @Test
  void everyStatementOfATransactionIsTheDepartments() throws Exception {
    transaction.executeWithoutResult(
        status -> {
          assertThat(whoAndWhose()).isEqualTo("graft_department proj_a");
          assertThat(whoAndWhose()).isEqualTo("graft_department proj_a");
        });
    assertTheConnectionIsAsItWas();
  }

  @Test
  void aTransactionMayBeReadOnlyAndRepeatable() throws Exception {
    transaction.setReadOnly(true);
    transaction.setIsolationLevel(TransactionDefinition.ISOLATION_REPEATABLE_READ);
    transaction.executeWithoutResult(
        status -> assertThat(whoAndWhose()).isEqualTo("graft_department proj_a"));
    assertTheConnectionIsAsItWas();
  }

  @Test
  void whatIsMeantForAllRunsAsTheServerAndOnlyThat() throws Exception {
    transaction.executeWithoutResult(
        status -> {
          assertThat(EveryDepartment.call(this::whoAndWhose))
              .isEqualTo(DATABASE.user() + " proj_a");
          assertThat(whoAndWhose()).isEqualTo("graft_department proj_a");
        });
    assertThat(EveryDepartment.call(() -> sql.sql("select current_user").query().singleValue()))
        .isEqualTo(DATABASE.user());
    assertTheConnectionIsAsItWas();
  }

  @Test
  void nobodysRequestRunsAsTheServer() {
    signOut();
    assertThat(sql.sql("select current_user").query().singleValue()).isEqualTo(DATABASE.user());
  }
}
