package dev.graft.cli.doctor;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.platform.database.EmbeddedPostgres;
import dev.graft.platform.database.EmbeddedState;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import java.util.function.Predicate;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.springframework.core.env.Environment;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Checks a PostgreSQL that should be running: its version, privileges, migrations and clock.
 *
 * @param login the driver's properties, including user and password
 */
record Database(String url, Properties login, Clock clock) {
  static final String NAME = "postgresql";

  /** The oldest version that Graft supports. */
  private static final int OLDEST = 16;

  /** Jobs use the clock of the database; tokens and logs use the clock of the server. */
  private static final double SKEW_SECONDS = 2;

  private static final String QUESTION =
      """
      select current_setting('server_version') as version,
             current_setting('server_version_num')::int / 10000 as major,
             pg_is_in_recovery() as standby,
             coalesce(has_schema_privilege(current_schema(), 'create'), false) as creates,
             extract(epoch from clock_timestamp())::double precision as now
      """;

  private static final String CURE =
      "start PostgreSQL, or correct spring.datasource.url, username and password";

  /** Returns three findings; only the first if PostgreSQL is missing. */
  List<CheckResult> findings() {
    try (Connection connection = DriverManager.getConnection(url, login);
        Statement statement = connection.createStatement()) {
      double before = clock.millis() / 1e3;
      try (ResultSet answer = statement.executeQuery(QUESTION)) {
        answer.next();
        double middle = (before + clock.millis() / 1e3) / 2;
        CheckResult server = server(answer);
        if (server.status() == DoctorReport.CheckStatus.MISSING) return List.of(server);
        return List.of(
            server, Migrations.of(url, login).finding(), skew(answer.getDouble("now") - middle));
      }
    } catch (SQLException e) {
      return List.of(
          CheckResult.missing(NAME, "%s: %s".formatted(address(), e.getMessage()), CURE));
    }
  }

  private CheckResult server(ResultSet answer) throws SQLException {
    String detail = "%s at %s".formatted(answer.getString("version"), address());
    if (answer.getInt("major") < OLDEST) {
      return CheckResult.missing(
          NAME, detail, "upgrade to PostgreSQL %d or newer".formatted(OLDEST));
    }
    if (answer.getBoolean("standby")) {
      return CheckResult.missing(
          NAME, detail + " is a standby", "set spring.datasource.url to the primary");
    }
    if (!answer.getBoolean("creates")) {
      return CheckResult.missing(
          NAME,
          detail + ", but the user may not create tables",
          "run GRANT CREATE ON SCHEMA public TO the user");
    }
    return CheckResult.ok(NAME, detail);
  }

  static CheckResult skew(double seconds) {
    return Math.abs(seconds) <= SKEW_SECONDS
        ? CheckResult.ok("clock", "the clocks of the database and this machine agree")
        : CheckResult.warning(
            "clock",
            "the clock of the database is %.0f s %s this machine's"
                .formatted(Math.abs(seconds), seconds > 0 ? "ahead of" : "behind"),
            "synchronize both machines by NTP");
  }

  /** Returns the address without the parts that may contain a password. */
  private String address() {
    return url.replaceFirst("^jdbc:postgresql:(//)?", "")
        .replaceFirst("\\?.*", "")
        .replaceFirst("^[^/]*@", "");
  }

  /** Checks the PostgreSQL of {@code spring.datasource.url}. */
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

  /** Checks the embedded PostgreSQL of the data directory, without starting it. */
  record EmbeddedDatabase(Path dataDir, Clock clock) implements Check {
    @Override
    public String name() {
      return Database.NAME;
    }

    @Override
    public List<CheckResult> findings() {
      return switch (EmbeddedState.of(dataDir)) {
        case EmbeddedState.Absent() -> List.of(ok("embedded; serve will set it up"));
        case EmbeddedState.Stopped(String version) ->
            List.of(ok("embedded, " + version + ", stopped"));
        case EmbeddedState.Unfit(String why, String cure) -> List.of(missing(why, cure));
        case EmbeddedState.Running(EmbeddedPostgres postgres, boolean held) ->
            running(postgres, held);
      };
    }

    private List<CheckResult> running(EmbeddedPostgres postgres, boolean held) {
      DatabaseAddress database = DatabaseAddress.of(postgres);
      String of =
          held
              ? "in use by a running Graft"
              : "left running by a killed Graft; serve will adopt it";
      List<CheckResult> asked =
          new ArrayList<>(new Database(database.url(), database.login(), clock).findings());
      CheckResult server = asked.getFirst();
      if (server.status() == DoctorReport.CheckStatus.OK) {
        asked.set(0, ok("embedded, %s, %s".formatted(server.detail(), of)));
      }
      return asked;
    }
  }

  /**
   * Compares the migrations of a database with those of this version of Graft.
   *
   * @param all the migrations of both
   */
  record Migrations(List<MigrationInfo> all) {
    private static final String NAME = "migrations";

    Migrations {
      all = List.copyOf(all);
    }

    /**
     * Reads the migrations without running any.
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
            NAME,
            "a migration has failed",
            "restore the database from its backup, then start serve again");
      }
      long unknown = count(info -> info.getState().isApplied() && !info.getState().isResolved());
      if (unknown > 0) {
        return CheckResult.missing(
            NAME,
            "the database has migrations that this version of Graft does not know (%d)"
                .formatted(unknown),
            "run the newer version of Graft that made them");
      }
      if (count(info -> info.getState().isApplied() && !info.isChecksumMatching()) > 0) {
        return CheckResult.missing(
            NAME,
            "a migration of the database differs from this version's",
            "run the version of Graft that made the database");
      }
      long applied = count(info -> info.getState().isApplied());
      long pending = count(info -> !info.getState().isApplied());
      if (pending == 0) return CheckResult.ok(NAME, "all %d have run".formatted(applied));
      if (applied == 0) return CheckResult.ok(NAME, "none yet; serve will run them");
      return CheckResult.warning(
          NAME,
          "%d have not run yet".formatted(pending),
          "back up the database and restart serve, which runs them");
    }

    private long count(Predicate<MigrationInfo> which) {
      return all.stream().filter(which).count();
    }
  }
}
