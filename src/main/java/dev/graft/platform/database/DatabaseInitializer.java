package dev.graft.platform.database;

import java.nio.file.Path;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Profiles;

/**
 * Gives a server's context the embedded PostgreSQL, where none is configured. It is stopped after
 * the contexts are closed, however the process ends.
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

  /**
   * Waits for one that starts meanwhile, so that no PostgreSQL is left behind. Closing twice does
   * nothing.
   */
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
      return; // told to whoever asked for its address
    }
    opened.close();
  }
}
