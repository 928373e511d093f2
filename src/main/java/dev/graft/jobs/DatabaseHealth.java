package dev.graft.jobs;

import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * Whether the database answers this server, asked by the connections of workers: where those of
 * requests are all in use the server is busy, not away.
 */
@Component("database")
class DatabaseHealth extends AbstractHealthIndicator {
  private final JdbcClient sql;

  DatabaseHealth(JdbcClient sql) {
    super("the database does not answer");
    this.sql = sql;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    WorkerConnections.use(() -> sql.sql("select 1").query(Integer.class).single());
    builder.up();
  }
}
