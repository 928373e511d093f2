package dev.graft.platform.database;

import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.Profiles;

/**
 * Gives a server's context the embedded PostgreSQL, where none is configured. It is stopped after
 * the contexts are closed, however the process ends.
 */
public final class DatabaseInitializer
    implements ApplicationContextInitializer<ConfigurableApplicationContext>, AutoCloseable {
  private static final String URL = "spring.datasource.url";

  private final Function<Path, LocalDatabase> open;
  private @Nullable LocalDatabase database;
  private boolean closed;

  private DatabaseInitializer(Function<Path, LocalDatabase> open) {
    this.open = open;
    SpringApplication.getShutdownHandlers().add(this::close);
  }

  /** For {@code graft serve}: this process holds the data directory. */
  public static DatabaseInitializer forServer() {
    return new DatabaseInitializer(LocalDatabase::own);
  }

  /** For a short command, which also works while the server runs. */
  public static DatabaseInitializer forCommand() {
    return new DatabaseInitializer(LocalDatabase::borrow);
  }

  @Override
  public void initialize(ConfigurableApplicationContext context) {
    ConfigurableEnvironment environment = context.getEnvironment();
    if (!environment.acceptsProfiles(Profiles.of("server")) || environment.containsProperty(URL)) {
      return;
    }
    LocalDatabase opened = open(environment.getRequiredProperty("graft.data-dir"));
    Map<String, Object> properties =
        Map.of(
            URL,
            opened.url(),
            "spring.datasource.username",
            opened.user(),
            "spring.datasource.password",
            opened.password());
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("embedded-postgres", properties));
  }

  /** A shutdown that comes meanwhile waits here, so that no PostgreSQL is left behind. */
  private synchronized LocalDatabase open(String dataDir) {
    if (closed) {
      throw new IllegalStateException("Graft is shutting down");
    }
    LocalDatabase opened = open.apply(Path.of(dataDir).toAbsolutePath());
    database = opened;
    return opened;
  }

  /** Closing twice does nothing. */
  @Override
  public synchronized void close() {
    closed = true;
    LocalDatabase opened = database;
    database = null;
    if (opened != null) {
      opened.close();
    }
  }
}
