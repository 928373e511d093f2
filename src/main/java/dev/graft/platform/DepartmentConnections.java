package dev.graft.platform;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/** Connections that see one department's rows, where a request of a department asks for one. */
final class DepartmentConnections extends DelegatingDataSource {
  DepartmentConnections(DataSource all) {
    super(all);
  }

  @Override
  public Connection getConnection() throws SQLException {
    Connection connection = super.getConnection();
    String department = EveryDepartment.department();
    return department == null ? connection : DepartmentConnection.of(connection, department);
  }
}
