package dev.graft.cli;

import static java.util.Objects.requireNonNull;

import dev.graft.cli.doctor.DatabaseAddress;
import dev.graft.cli.doctor.Examination;
import dev.graft.cli.doctor.Installation;
import dev.graft.platform.FileEnd;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Environment;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code graft support-bundle}: collects diagnostics in one file, without secrets. */
@Command(
    name = "support-bundle",
    mixinStandardHelpOptions = true,
    description =
        "Write the versions, checks, settings, health, metrics, queue and log of Graft on this"
            + " machine to a zip file, without secrets. Changes nothing.")
final class SupportBundleCommand extends CliCommand implements Callable<Integer> {
  private static final int LOG_BYTES = 4 << 20;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      defaultValue = "graft-support.zip",
      description = "The file to write, which must not exist (${DEFAULT-VALUE}).")
  private Path out = Path.of("graft-support.zip");

  @Option(names = "--role", defaultValue = "all", description = "Role: all, server or worker.")
  private ServeCommand.ProcessRole role = ServeCommand.ProcessRole.ALL;

  @Option(
      names = "--log",
      paramLabel = "FILE",
      description = "The log file whose end to include; by default logging.file.name.")
  private @Nullable Path log;

  @Mixin private ServerOptions options = new ServerOptions();

  @Override
  public Integer call() throws IOException {
    Installation installation =
        Installation.read(options.arguments(), role.defaults(), role.profiles(), null);
    Map<String, String> secrets = new HashMap<>(System.getenv());
    secrets.putAll(EffectiveSettings.all(installation.settings()));
    write(entries(installation), SecretScrubber.of(secrets));
    print(out);
    return 0;
  }

  private List<BundleEntry> entries(Installation installation) {
    List<BundleEntry> entries = new ArrayList<>();
    entries.add(new BundleEntry("versions.txt", this::versions));
    entries.add(new BundleEntry("doctor.txt", () -> Examination.of(installation).text()));
    entries.add(
        new BundleEntry("settings.txt", () -> EffectiveSettings.text(installation.settings())));
    if (installation.isServer()) {
      ServerAnswers server = new ServerAnswers(installation.settings());
      entries.add(new BundleEntry("health.txt", server::health));
      entries.add(new BundleEntry("metrics.txt", server::metrics));
      entries.add(new BundleEntry("queue.txt", () -> queue(installation)));
    }
    entries.add(new BundleEntry("log.txt", () -> log(installation)));
    return entries;
  }

  private String versions() {
    StringBuilder text = new StringBuilder();
    text.append(String.join("\n", spec.root().version())).append('\n');
    text.append("made ").append(Instant.now(Clock.systemUTC())).append('\n');
    for (String each :
        List.of("java.vm.name", "java.vm.version", "os.name", "os.version", "os.arch")) {
      text.append(each).append(' ').append(System.getProperty(each)).append('\n');
    }
    return text.toString();
  }

  private static String queue(Installation installation) throws Exception {
    Optional<DatabaseAddress> database =
        DatabaseAddress.of(installation.settings(), installation.dataDir());
    return database.isPresent()
        ? QueueSummary.of(database.get())
        : "the embedded PostgreSQL of %s is not running\n".formatted(installation.dataDir());
  }

  private String log(Installation installation) throws IOException {
    String configured = installation.settings().getProperty("logging.file.name");
    if (log != null) return FileEnd.lines(log, LOG_BYTES);
    return configured == null
        ? "no log file: specify one with --log, or set logging.file.name\n"
        : FileEnd.lines(Path.of(configured), LOG_BYTES);
  }

  /** Writes the bundle, readable only by its owner. */
  private void write(List<BundleEntry> entries, SecretScrubber scrubber) throws IOException {
    if (Files.exists(out)) {
      throw wrong(out + " already exists: choose another file");
    }
    Files.createFile(
        out, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (OutputStream file = Files.newOutputStream(out, StandardOpenOption.WRITE);
        ZipOutputStream zip = new ZipOutputStream(file)) {
      for (BundleEntry entry : entries) {
        zip.putNextEntry(new ZipEntry(entry.name()));
        zip.write(scrubber.scrub(text(entry)).getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
      }
    }
  }

  /** Returns the entry's text, or why it could not be made. */
  private static String text(BundleEntry entry) {
    try {
      return entry.text().call();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      return "stopped\n";
    } catch (Exception failed) {
      return "failed: " + failed + "\n";
    }
  }

  /**
   * A file of a bundle.
   *
   * @param text called when the bundle is written
   */
  record BundleEntry(String name, Callable<String> text) {}

  /** The effective settings of Graft on this machine, by source. */
  static final class EffectiveSettings {
    /** Other environment variables and Java properties are left out of the bundle. */
    private static final Pattern SETTING =
        Pattern.compile("(?i)(?:graft|spring|server|management|logging|djl|cuda|omp)[._].*");

    private static final Set<String> SHARED_SOURCES =
        Set.of(
            StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME,
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME);

    private EffectiveSettings() {}

    /** Returns all settings with their values, including secrets. */
    static Map<String, String> all(ConfigurableEnvironment environment) {
      Map<String, String> all = new TreeMap<>();
      environment.getPropertySources().forEach(source -> all.putAll(named(source, environment)));
      return all;
    }

    /** Returns a line per setting, grouped by source in order of precedence; secrets are masked. */
    static String text(ConfigurableEnvironment environment) {
      StringBuilder text = new StringBuilder();
      for (PropertySource<?> source : environment.getPropertySources()) {
        Map<String, String> own = named(source, environment);
        if (own.isEmpty()) continue;
        text.append("# ").append(source.getName()).append('\n');
        own.forEach(
            (name, value) ->
                text.append(name)
                    .append('=')
                    .append(SecretScrubber.isSecret(name) ? SecretScrubber.MASKED : value)
                    .append('\n'));
      }
      return text.toString();
    }

    private static Map<String, String> named(PropertySource<?> source, Environment environment) {
      Map<String, String> named = new TreeMap<>();
      if (!(source instanceof EnumerablePropertySource<?> each)) return named;
      boolean chosen = SHARED_SOURCES.contains(source.getName());
      for (String name : each.getPropertyNames()) {
        if (chosen && !SETTING.matcher(name).matches()) continue;
        Object value = each.getProperty(name);
        if (value != null) named.put(name, resolved(value.toString(), environment));
      }
      return named;
    }

    private static String resolved(String value, Environment environment) {
      try {
        return environment.resolvePlaceholders(value);
      } catch (IllegalArgumentException circular) {
        return value;
      }
    }
  }

  /** A summary of the queue: ids and counts, no text written by people. */
  static final class QueueSummary {
    private static final String QUESTIONS = "queue.sql";

    private QueueSummary() {}

    /**
     * Runs the queries read-only, each with a timeout of 30 seconds.
     *
     * @throws SQLException if the database does not answer
     */
    static String of(DatabaseAddress database) throws SQLException, IOException {
      StringBuilder text = new StringBuilder();
      try (Connection connection = DriverManager.getConnection(database.url(), database.login())) {
        connection.setReadOnly(true);
        for (String each : questions()) {
          String[] question = each.split("\n", 2);
          text.append("# ").append(question[0]).append('\n');
          text.append(answer(connection, question[1])).append('\n');
        }
      }
      return text.toString();
    }

    /** Returns the queries, each with its title in the first line. */
    private static List<String> questions() throws IOException {
      try (InputStream file = requireNonNull(QueueSummary.class.getResourceAsStream(QUESTIONS))) {
        String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
        return Pattern.compile("^-- ", Pattern.MULTILINE)
            .splitAsStream(text)
            .filter(each -> !each.isBlank())
            .toList();
      }
    }

    private static String answer(Connection connection, String question) {
      try (Statement statement = connection.createStatement()) {
        statement.setQueryTimeout(30);
        try (ResultSet rows = statement.executeQuery(question)) {
          return table(rows);
        }
      } catch (SQLException refused) {
        return "could not be read: " + refused.getMessage() + "\n";
      }
    }

    private static String table(ResultSet rows) throws SQLException {
      ResultSetMetaData columns = rows.getMetaData();
      StringBuilder text = new StringBuilder();
      StringJoiner head = new StringJoiner("\t");
      for (int i = 1; i <= columns.getColumnCount(); i++) head.add(columns.getColumnLabel(i));
      text.append(head).append('\n');
      while (rows.next()) {
        StringJoiner line = new StringJoiner("\t");
        for (int i = 1; i <= columns.getColumnCount(); i++) {
          String value = rows.getString(i);
          line.add(value == null ? "" : value);
        }
        text.append(line).append('\n');
      }
      return text.toString();
    }
  }

  /** The answers of the server on this machine to requests without a key. */
  static final class ServerAnswers {
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Environment settings;

    ServerAnswers(Environment settings) {
      this.settings = settings;
    }

    /** Returns the answers of all health endpoints, each under its URL. */
    String health() throws IOException, InterruptedException {
      StringBuilder all = new StringBuilder();
      for (String path : new String[] {"/startupz", "/livez", "/readyz"}) {
        all.append(answer(api(), path));
      }
      String management = management();
      return all.append(answer(management == null ? api() : management, "/actuator/health"))
          .toString();
    }

    String metrics() throws IOException, InterruptedException {
      String management = management();
      return management == null
          ? "not served: management.server.port is not set\n"
          : answer(management, "/actuator/prometheus");
    }

    private static String answer(String address, String path)
        throws IOException, InterruptedException {
      URI uri = URI.create(address + path);
      try (HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build()) {
        HttpResponse<String> response =
            http.send(
                HttpRequest.newBuilder(uri).timeout(PATIENCE).build(),
                HttpResponse.BodyHandlers.ofString());
        return "# %s %d\n%s\n".formatted(uri, response.statusCode(), response.body());
      } catch (IOException silent) {
        return "# %s does not answer: %s\n".formatted(uri, silent);
      }
    }

    private String api() {
      return address("server", settings.getProperty("server.port", "8080"));
    }

    private @Nullable String management() {
      String port = settings.getProperty("management.server.port");
      return port == null ? null : address("management.server", port);
    }

    private String address(String prefix, String port) {
      String host = settings.getProperty(prefix + ".address", "127.0.0.1");
      return "%s://%s:%s"
          .formatted(
              Installation.scheme(settings, prefix),
              host.equals("0.0.0.0") ? "127.0.0.1" : host,
              port);
    }
  }

  /** Removes secrets from text: those in settings by value, others by their form. */
  static final class SecretScrubber {
    static final String MASKED = "******";

    /** Shorter values are not replaced, because they would match parts of ordinary words. */
    private static final int SHORTEST = 6;

    private static final Pattern SECRET_NAME =
        Pattern.compile(
            "(?i).*(?:passw|passphrase|pwd|secret|token(?!s|izer)|credential|key(?!board)|authorization"
                + "|private|salt|cookie|application[._-]json).*");

    private static final List<Pattern> FORMS =
        List.of(
            Pattern.compile(
                "\\b(?:sk-graft-|ses-graft-|graft-join-|graft-worker-|whsec_|hf_)[\\w-]{16,}"),
            Pattern.compile("\\beyJ[\\w-]{8,}\\.[\\w-]+\\.[\\w-]*"),
            Pattern.compile("(?<=/downloads/)[^\\s\"?]+"),
            Pattern.compile("(?i)(?<=bearer )[\\w.~+/=-]{8,}"),
            Pattern.compile("(?<=://)[^\\s/@\"]+(?=@)"),
            Pattern.compile(
                "(?i)(?<=(?:password|passwd|passphrase|pwd|secret|token|key)[=:])[^\\s&;\"',]+"),
            Pattern.compile(
                "(?i)(?<=(?:password|passphrase|secret|token|key)\"\\s?[:=]\\s?\")[^\"]+"),
            Pattern.compile(
                "-----BEGIN [A-Z ]*PRIVATE KEY-----[\\s\\S]*?(?:-----END [A-Z ]*PRIVATE"
                    + " KEY-----|$)"));

    /** Longest first, because one value may contain another. */
    private final List<String> values;

    private SecretScrubber(Set<String> values) {
      this.values =
          values.stream().sorted(Comparator.comparingInt(String::length).reversed()).toList();
    }

    /**
     * @param settings all settings; those with a secret's name are masked
     */
    static SecretScrubber of(Map<String, String> settings) {
      Set<String> values = new TreeSet<>();
      settings.forEach(
          (name, value) -> {
            if (isSecret(name) && value.strip().length() >= SHORTEST) values.add(value.strip());
          });
      return new SecretScrubber(values);
    }

    static boolean isSecret(String name) {
      return SECRET_NAME.matcher(name).matches();
    }

    String scrub(String text) {
      String clean = text;
      for (String value : values) clean = clean.replace(value, MASKED);
      for (Pattern form : FORMS) clean = form.matcher(clean).replaceAll(MASKED);
      return clean;
    }
  }
}
