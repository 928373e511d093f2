package dev.graft.jobs;

import dev.graft.pg.TestPostgres;
import javax.sql.DataSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** Connections to a database without a server around it. */
public final class Databases {
  private Databases() {}

  public static DataSource dataSource(TestPostgres.Address address) {
    return new DriverManagerDataSource(address.url(), address.user(), address.password());
  }

  /** One connection for which the queue's clock is ahead. */
  public static DataSource shifted(TestPostgres.Address address, String interval) {
    SingleConnectionDataSource ahead =
        new SingleConnectionDataSource(address.url(), address.user(), address.password(), true);
    JdbcClient.create(ahead)
        .sql("select set_config('graft.clock_offset', :offset, false)")
        .param("offset", interval)
        .query(String.class)
        .single();
    return ahead;
  }
}
