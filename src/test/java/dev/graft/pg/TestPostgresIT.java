package dev.graft.pg;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.Test;
import org.testcontainers.postgresql.PostgreSQLContainer;

/** The servers that tests start beside each other have connections, whichever PostgreSQL it is. */
class TestPostgresIT {
  @Test
  void theOneThatRunsHasThem() throws SQLException {
    TestPostgres.Address address = TestPostgres.empty();
    try (Connection connection =
            DriverManager.getConnection(address.url(), address.user(), address.password());
        Statement statement = connection.createStatement();
        ResultSet shown = statement.executeQuery("show max_connections")) {
      assertThat(shown.next()).isTrue();
      assertThat(shown.getInt(1)).isEqualTo(1000);
    }
  }

  @Test
  void aContainerIsStartedWithThem() {
    try (PostgreSQLContainer container = TestPostgres.container()) {
      assertThat(container.getCommandParts())
          .containsExactly("postgres", "-c", "fsync=off", "-c", "max_connections=1000");
    }
  }
}
