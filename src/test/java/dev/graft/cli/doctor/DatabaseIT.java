package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.cli.doctor.DoctorReport.CheckStatus;
import dev.graft.pg.TestPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.springframework.mock.env.MockEnvironment;

class DatabaseIT {
  private final TestPostgres.Address address = TestPostgres.empty();

  @Test
  void anEmptyDatabaseStaysEmpty() throws SQLException {
    List<CheckResult> findings = look(Clock.systemUTC());
    assertThat(findings)
        .allMatch(finding -> finding.status() == CheckStatus.OK)
        .extracting(CheckResult::name)
        .containsExactly("postgresql", "migrations", "clock");
    assertThat(findings.get(1).detail()).isEqualTo("none yet; serve will run them");
    try (Connection connection = connection();
        Statement statement = connection.createStatement();
        ResultSet tables =
            statement.executeQuery("select count(*) from pg_tables where schemaname = 'public'")) {
      tables.next();
      assertThat(tables.getInt(1)).isZero();
    }
  }

  @Test
  void migrationsAreComparedWithThoseOfThisGraft() throws SQLException {
    Flyway.configure()
        .dataSource(address.url(), address.user(), address.password())
        .locations("classpath:db/migration")
        .load()
        .migrate();
    assertThat(migrations().detail()).matches("all \\d+ have run");
    change("update flyway_schema_history set success = false where version = '001'");
    assertThat(migrations().detail()).isEqualTo("a migration has failed");
    change("update flyway_schema_history set success = true, checksum = 7 where version = '001'");
    assertThat(migrations().detail())
        .isEqualTo("a migration of the database differs from this version's");
    change(
        "insert into flyway_schema_history values"
            + " (900, '9000', 'later', 'SQL', 'V9000__later.sql', 1, 'graft', now(), 1, true)");
    CheckResult newer = migrations();
    assertThat(newer.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(newer.detail())
        .isEqualTo("the database has migrations that this version of Graft does not know (1)");
  }

  @Test
  void aDatabaseThatIsBehindIsAWarning() {
    Flyway.configure()
        .dataSource(address.url(), address.user(), address.password())
        .locations("classpath:db/migration")
        .target("030")
        .load()
        .migrate();
    CheckResult behind = migrations();
    assertThat(behind.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(behind.detail()).matches("\\d+ have not run yet");
  }

  @Test
  void clocksThatDifferAreAWarning() {
    Clock slow = Clock.offset(Clock.systemUTC(), Duration.ofSeconds(-90));
    CheckResult skew = look(slow).get(2);
    assertThat(skew.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(skew.detail())
        .matches("the clock of the database is (89|90|91) s ahead of this machine's");
    assertThat(Database.skew(-3).detail())
        .isEqualTo("the clock of the database is 3 s behind this machine's");
    assertThat(Database.skew(1.9).status()).isEqualTo(CheckStatus.OK);
  }

  @Test
  void aWrongPasswordIsMissingAndNotTold() {
    MockEnvironment settings = settings().withProperty("spring.datasource.password", "guessed");
    CheckResult refused = only(settings);
    assertThat(refused.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(refused.detail()).contains("authentication failed").doesNotContain("guessed");
  }

  @Test
  void aDatabaseThatCannotBeReachedIsMissingAndItsUrlsPasswordIsNotTold() {
    String url = "jdbc:postgresql://127.0.0.1:1/graft?password=sesame";
    CheckResult away = only(settings().withProperty("spring.datasource.url", url));
    assertThat(away.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(away.detail()).startsWith("127.0.0.1:1/graft: ").doesNotContain("sesame");
    assertThat(away.cure()).contains("spring.datasource.url");
  }

  private static CheckResult only(MockEnvironment settings) {
    List<CheckResult> findings =
        new Database.ConfiguredDatabase(settings, Clock.systemUTC()).findings();
    assertThat(findings).hasSize(1);
    return findings.getFirst();
  }

  private CheckResult migrations() {
    return look(Clock.systemUTC()).get(1);
  }

  private List<CheckResult> look(Clock clock) {
    return new Database.ConfiguredDatabase(settings(), clock).findings();
  }

  private MockEnvironment settings() {
    return new MockEnvironment()
        .withProperty("spring.datasource.url", address.url())
        .withProperty("spring.datasource.username", address.user())
        .withProperty("spring.datasource.password", address.password());
  }

  private void change(String statement) throws SQLException {
    try (Connection connection = connection();
        Statement sql = connection.createStatement()) {
      sql.execute(statement);
    }
  }

  private Connection connection() throws SQLException {
    return DriverManager.getConnection(address.url(), address.user(), address.password());
  }
}
