package dev.graft.jobs;

import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.DelegatingDataSource;

/**
 * The server's connections, and a few more that only calls of workers and the reaper get: however
 * busy the others are, leases are renewed.
 */
public final class WorkerConnections extends DelegatingDataSource {
  private static final ScopedValue<Boolean> FOR_WORKERS = ScopedValue.newInstance();

  private final DataSource few;

  WorkerConnections(DataSource others, DataSource few) {
    super(others);
    this.few = few;
  }

  /** What this thread asks of the database meanwhile is for workers. */
  public static <T, X extends Throwable> T use(ScopedValue.CallableOp<? extends T, X> call)
      throws X {
    return ScopedValue.where(FOR_WORKERS, true).call(call);
  }

  @Override
  public Connection getConnection() throws SQLException {
    return FOR_WORKERS.isBound() ? few.getConnection() : super.getConnection();
  }
}
