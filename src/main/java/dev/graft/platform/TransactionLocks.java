package dev.graft.platform;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Named locks across all servers, which are released at the end of the transaction. */
@Component
public class TransactionLocks {
  private final JdbcClient sql;

  TransactionLocks(JdbcClient sql) {
    this.sql = sql;
  }

  /** Takes a lock, waiting while another transaction holds it. */
  public void take(String name) {
    sql.sql("select pg_advisory_xact_lock(hashtextextended(:name, 0))::text")
        .param("name", name)
        .query(String.class)
        .single();
  }
}
