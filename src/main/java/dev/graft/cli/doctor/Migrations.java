package dev.graft.cli.doctor;

import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.function.Predicate;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * The migrations of a database beside those that this Graft brings.
 *
 * @param all of both
 */
record Migrations(List<MigrationInfo> all) {
  private static final String NAME = "migrations";

  Migrations {
    all = List.copyOf(all);
  }

  /**
   * Reads them; nothing is migrated.
   *
   * @throws FlywayException if the database does not answer
   */
  static Migrations of(String url, Properties login) {
    Flyway flyway =
        Flyway.configure()
            .dataSource(new DriverManagerDataSource(url, login))
            .locations("classpath:db/migration")
            .load();
    return new Migrations(Arrays.asList(flyway.info().all()));
  }

  CheckResult finding() {
    if (count(info -> info.getState().isFailed()) > 0) {
      return CheckResult.missing(
          NAME, "one has failed", "restore the database from its backup, and start serve again");
    }
    long unknown = count(info -> info.getState().isApplied() && !info.getState().isResolved());
    if (unknown > 0) {
      return CheckResult.missing(
          NAME,
          "the database has %d that this Graft does not know".formatted(unknown),
          "run the newer Graft that made them");
    }
    if (count(info -> info.getState().isApplied() && !info.isChecksumMatching()) > 0) {
      return CheckResult.missing(
          NAME, "one differs from this Graft's", "run the version of Graft that made the database");
    }
    long applied = count(info -> info.getState().isApplied());
    long pending = count(info -> !info.getState().isApplied());
    if (pending == 0) return CheckResult.ok(NAME, "all %d are there".formatted(applied));
    if (applied == 0) return CheckResult.ok(NAME, "none yet, serve will make them");
    return CheckResult.warning(
        NAME,
        "the database is %d behind this Graft".formatted(pending),
        "back it up and restart serve, which makes them");
  }

  private long count(Predicate<MigrationInfo> which) {
    return all.stream().filter(which).count();
  }
}
