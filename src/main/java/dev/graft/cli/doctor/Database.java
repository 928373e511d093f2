package dev.graft.cli.doctor;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.List;
import java.util.Properties;

/**
 * A PostgreSQL that should answer: its version and rights, its migrations, its clock.
 *
 * @param login properties of the driver, user and password among them
 */
record Database(String url, Properties login, Clock clock) {
  static final String NAME = "postgresql";

  /** The oldest that Graft's statements run on. */
  private static final int OLDEST = 16;

  /** Jobs go by the clock of the database, tokens and logs by that of the server. */
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
      "start it, or correct spring.datasource.url, username and password";

  /** Three; or only the first, if it is missing. */
  List<CheckResult> findings() {
    try (Connection connection = DriverManager.getConnection(url, login);
        Statement statement = connection.createStatement()) {
      double before = clock.millis() / 1e3;
      try (ResultSet answer = statement.executeQuery(QUESTION)) {
        answer.next();
        double middle = (before + clock.millis() / 1e3) / 2;
        CheckResult server = server(answer);
        if (server.status() == CheckStatus.MISSING) return List.of(server);
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
      return CheckResult.missing(NAME, detail, "upgrade it to %d or newer".formatted(OLDEST));
    }
    if (answer.getBoolean("standby")) {
      return CheckResult.missing(
          NAME, detail + " is a standby", "name the primary in spring.datasource.url");
    }
    if (!answer.getBoolean("creates")) {
      return CheckResult.missing(
          NAME,
          detail + ", where the user may not create tables",
          "grant it: GRANT CREATE ON SCHEMA public TO that user");
    }
    return CheckResult.ok(NAME, detail);
  }

  static CheckResult skew(double seconds) {
    return Math.abs(seconds) <= SKEW_SECONDS
        ? CheckResult.ok("clock", "that of the database and of this machine agree")
        : CheckResult.warning(
            "clock",
            "the database is %.0f s %s this machine"
                .formatted(Math.abs(seconds), seconds > 0 ? "ahead of" : "behind"),
            "let both machines take their time from NTP");
  }

  /** Without what may hold a password. */
  private String address() {
    return url.replaceFirst("^jdbc:postgresql:(//)?", "")
        .replaceFirst("\\?.*", "")
        .replaceFirst("^[^/]*@", "");
  }
}
