package dev.graft.cli.doctor;

import java.time.Clock;
import java.util.List;
import org.springframework.core.env.Environment;

/** The PostgreSQL that {@code spring.datasource.url} names. */
record ConfiguredDatabase(Environment settings, Clock clock) implements Check {
  @Override
  public String name() {
    return Database.NAME;
  }

  @Override
  public List<CheckResult> findings() {
    DatabaseAddress database = DatabaseAddress.configured(settings);
    return new Database(database.url(), database.login(), clock).findings();
  }
}
