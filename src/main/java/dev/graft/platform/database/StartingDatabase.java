package dev.graft.platform.database;

import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.EnumerablePropertySource;

/**
 * The embedded PostgreSQL as properties of a context. It starts while Spring reads configuration
 * classes; whoever asks for a value waits for it.
 */
final class StartingDatabase extends EnumerablePropertySource<FutureTask<LocalDatabase>> {
  static final String URL = "spring.datasource.url";

  private static final Map<String, Function<LocalDatabase, String>> PROPERTIES =
      Map.of(
          URL,
          LocalDatabase::url,
          "spring.datasource.username",
          LocalDatabase::user,
          "spring.datasource.password",
          LocalDatabase::password,
          // What a crash takes of the last migrations is made again. Nobody shares the connection.
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
   * Waits for it.
   *
   * @throws dev.graft.platform.MachineLacks if it cannot run here
   */
  LocalDatabase started() {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return source.get();
        } catch (InterruptedException e) {
          interrupted = true; // a PostgreSQL that starts is not left behind
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
