package dev.graft.platform;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** Locks by name, over all servers, that end with the transaction. */
@Component
public class TransactionLocks {
  private final JdbcClient sql;

  TransactionLocks(JdbcClient sql) {
    this.sql = sql;
  }

  /** Waits while another transaction has it. */
  public void take(String name) {
    sql.sql("select pg_advisory_xact_lock(hashtextextended(:name, 0))::text")
        .param("name", name)
        .query(String.class)
        .single();
  }
}
