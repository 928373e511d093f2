package dev.graft.jobs;

import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

final class Databases {
  static DataSource dataSource() {
    return new DriverManagerDataSource(
        "jdbc:postgresql://127.0.0.1:54940/postgres", "postgres", "");
  }

  /** One connection for which the queue's clock is ahead. */
  static DataSource shifted(String interval) {
    SingleConnectionDataSource ahead =
        new SingleConnectionDataSource(
            "jdbc:postgresql://127.0.0.1:54940/postgres", "postgres", "", true);
    JdbcClient.create(ahead)
        .sql("select set_config('graft.clock_offset', :offset, false)")
        .param("offset", interval)
        .query(String.class)
        .single();
    return ahead;
  }
}
