package dev.graft.platform.database;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.flyway.autoconfigure.FlywayConfigurationCustomizer;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.Profiles;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/**
 * Starts the embedded PostgreSQL for a server's context, unless a database is configured. It is
 * stopped after the contexts are closed, however the process ends.
 */
public final class DatabaseInitializer
    implements ApplicationContextInitializer<ConfigurableApplicationContext>, AutoCloseable {
  private final Function<Path, LocalDatabase> open;
  private @Nullable StartingDatabase database;
  private boolean closed;

  private DatabaseInitializer(Function<Path, LocalDatabase> open) {
    this.open = open;
    SpringApplication.getShutdownHandlers().add(this::close);
  }

  /** Returns the initializer of {@code graft serve}, which holds the data directory. */
  public static DatabaseInitializer forServer() {
    return new DatabaseInitializer(LocalDatabase::own);
  }

  /** Returns the initializer of a short command, which also works while the server runs. */
  public static DatabaseInitializer forCommand() {
    return new DatabaseInitializer(LocalDatabase::borrow);
  }

  @Override
  public void initialize(ConfigurableApplicationContext context) {
    ConfigurableEnvironment environment = context.getEnvironment();
    if (!environment.acceptsProfiles(Profiles.of("server"))
        || environment.containsProperty(StartingDatabase.URL)) {
      return;
    }
    Path dataDir = Path.of(environment.getRequiredProperty("graft.data-dir")).toAbsolutePath();
    environment.getPropertySources().addFirst(start(dataDir));
  }

  private synchronized StartingDatabase start(Path dataDir) {
    if (closed) throw new IllegalStateException("Graft is shutting down");
    StartingDatabase started = StartingDatabase.of(() -> open.apply(dataDir));
    database = started;
    return started;
  }

  /** Stops PostgreSQL, waiting for it if it is still starting. Further calls do nothing. */
  @Override
  public synchronized void close() {
    closed = true;
    StartingDatabase started = database;
    database = null;
    if (started == null) return;
    LocalDatabase opened;
    try {
      opened = started.started();
    } catch (RuntimeException neverStarted) {
      return; // the exception was already thrown where its address was read
    }
    opened.close();
  }

  /**
   * Supplies the embedded PostgreSQL as properties of a context. It starts while Spring reads
   * configuration classes; reading a property waits for it.
   */
  static final class StartingDatabase extends EnumerablePropertySource<FutureTask<LocalDatabase>> {
    static final String URL = "spring.datasource.url";

    private static final Map<String, Function<LocalDatabase, String>> PROPERTIES =
        Map.of(
            URL,
            LocalDatabase::url,
            "spring.datasource.username",
            LocalDatabase::user,
            "spring.datasource.password",
            LocalDatabase::password,
            // Migrations lost in a crash run again. The connection is not shared.
            "spring.flyway.init-sqls",
            database -> "set synchronous_commit = off");

    private StartingDatabase(FutureTask<LocalDatabase> start) {
      super("embedded-postgres", start);
    }

    static StartingDatabase of(Callable<LocalDatabase> start) {
      FutureTask<LocalDatabase> task = new FutureTask<>(start);
      Thread.ofPlatform().name("start-database").start(task);
      return new StartingDatabase(task);
    }

    /**
     * Waits until it has started.
     *
     * @throws dev.graft.platform.MachineLacks if PostgreSQL cannot run on this machine
     */
    LocalDatabase started() {
      boolean interrupted = false;
      try {
        while (true) {
          try {
            return source.get();
          } catch (InterruptedException e) {
            interrupted = true; // keep waiting, so that no PostgreSQL is left behind
          } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException why
                ? why
                : new IllegalStateException(failed.getCause());
          }
        }
      } finally {
        if (interrupted) Thread.currentThread().interrupt();
      }
    }

    @Override
    public String[] getPropertyNames() {
      return PROPERTIES.keySet().toArray(String[]::new);
    }

    @Override
    public boolean containsProperty(String name) {
      return PROPERTIES.containsKey(name);
    }

    @Override
    public @Nullable Object getProperty(String name) {
      Function<LocalDatabase, String> property = PROPERTIES.get(name);
      return property == null ? null : property.apply(started());
    }
  }

  /**
   * Gives migrations their own connections without time limits, because creating an index on a
   * large table takes longer than a request may. The data source is not a bean, because health
   * checks would open a connection each time.
   */
  @Configuration(proxyBeanMethods = false)
  @Profile("server")
  static class MigrationConnections {
    @Bean
    FlywayConfigurationCustomizer ownConnections(JdbcConnectionDetails database) {
      return flyway -> {
        Properties properties = new Properties();
        properties.setProperty("connectTimeout", "5");
        properties.setProperty("tcpKeepAlive", "true");
        DriverManagerDataSource source = new DriverManagerDataSource(database.getJdbcUrl());
        source.setUsername(database.getUsername());
        source.setPassword(database.getPassword());
        source.setConnectionProperties(properties);
        flyway.dataSource(source);
      };
    }
  }
}
