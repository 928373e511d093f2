package dev.graft.platform;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * A connection that sets the department's role at the start of every transaction. In auto-commit
 * mode, a statement gets one transaction together with the setting of the role.
 */
final class DepartmentConnection {
  /** The PostgreSQL role, created by a migration. */
  static final String ROLE = "graft_department";

  private static final String NONE = "none";
  private static final String SET =
      "select set_config('role', ?, true), set_config('graft.department', ?, true)";

  private final Connection connection;
  private final String department;

  /** The role set in this transaction; null = none yet. */
  private @Nullable String role;

  private DepartmentConnection(Connection connection, String department) {
    this.connection = connection;
    this.department = department;
  }

  static Connection of(Connection connection, String department) {
    DepartmentConnection own = new DepartmentConnection(connection, department);
    return proxy(Connection.class, (proxy, method, arguments) -> own.call(method, arguments));
  }

  private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
    Object result = invoke(connection, method, arguments);
    switch (method.getName()) {
      case "commit", "rollback" -> role = null;
      case "createStatement", "prepareStatement", "prepareCall" -> {
        Statement statement = (Statement) Objects.requireNonNull(result);
        return proxy(method.getReturnType(), (proxy, does, with) -> execute(statement, does, with));
      }
      default -> {}
    }
    return result;
  }

  private @Nullable Object execute(
      Statement statement, Method method, Object @Nullable [] arguments) throws Throwable {
    if (!method.getName().startsWith("execute")) return invoke(statement, method, arguments);
    if (!connection.getAutoCommit()) {
      take(EveryDepartment.isMeant() ? NONE : ROLE);
      return invoke(statement, method, arguments);
    }
    connection.setAutoCommit(false);
    try {
      take(EveryDepartment.isMeant() ? NONE : ROLE);
      statement.setFetchSize(0); // the rows are read after the transaction has ended
      Object result = invoke(statement, method, arguments);
      connection.commit();
      connection.setAutoCommit(true);
      return result;
    } catch (Throwable failed) {
      undo(failed);
      throw failed;
    } finally {
      role = null;
    }
  }

  private void undo(Throwable failed) {
    try {
      connection.rollback();
      connection.setAutoCommit(true);
    } catch (SQLException lost) {
      failed.addSuppressed(lost);
    }
  }

  private void take(String wanted) throws SQLException {
    if (wanted.equals(role)) return;
    try (PreparedStatement set = connection.prepareStatement(SET)) {
      set.setString(1, wanted);
      set.setString(2, department);
      set.execute();
    }
    role = wanted;
  }

  private static <T> T proxy(Class<? extends T> type, InvocationHandler handler) {
    return type.cast(
        Proxy.newProxyInstance(
            DepartmentConnection.class.getClassLoader(), new Class<?>[] {type}, handler));
  }

  private static @Nullable Object invoke(
      Object target, Method method, Object @Nullable [] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException failed) {
      throw failed.getCause();
    }
  }

  /** Supplies requests of a department with connections that see only its rows. */
  static final class DepartmentConnections extends DelegatingDataSource {
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

  /** Wraps the server's data source in {@link DepartmentConnection.DepartmentConnections}. */
  static final class RowSecurity implements BeanPostProcessor {
    @Configuration(proxyBeanMethods = false)
    @Import(RowSecurity.class)
    static class Added {}

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
      return bean instanceof DataSource source && name.equals("dataSource")
          ? new DepartmentConnection.DepartmentConnections(source)
          : bean;
    }
  }
}
