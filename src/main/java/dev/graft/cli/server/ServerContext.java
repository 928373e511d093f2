package dev.graft.cli.server;

import dev.graft.GraftApplication;
import dev.graft.platform.database.DatabaseInitializer;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * A server's services inside this process, and its PostgreSQL: with the configuration of {@code
 * serve} for one short command (no web server, no schedules, no validation of waiting files; works
 * beside a running server), or whole for the demo. However the process ends, the context closes
 * first, then PostgreSQL.
 */
final class ServerContext implements AutoCloseable {
  /** What goes wrong is told once, by {@code FailureReport}. */
  static final List<String> QUIET =
      List.of(
          "--logging.level.root=error",
          "--logging.level.dev.graft=error",
          "--logging.level.org.springframework.boot=off",
          "--spring.main.log-startup-info=false");

  private final ConfigurableApplicationContext context;
  private final DatabaseInitializer database;

  private ServerContext(ConfigurableApplicationContext context, DatabaseInitializer database) {
    this.context = context;
    this.database = database;
  }

  /** For one short command. */
  static ServerContext open(ServerOptions options) {
    List<String> arguments = new ArrayList<>(options.arguments());
    arguments.addAll(QUIET);
    return start(
        DatabaseInitializer.forCommand(),
        new SpringApplicationBuilder(GraftApplication.class)
            .profiles("server")
            .web(WebApplicationType.NONE)
            // Only what the command asks for is made: nothing is scheduled, and it starts fast.
            .lazyInitialization(true)
            .initializers(OnlyOnDemand::prepare),
        arguments);
  }

  /** Server and worker on loopback. The log goes to a file: the terminal is the demo's own. */
  static ServerContext ofDemo(Path dataDir, int port) {
    return start(
        DatabaseInitializer.forServer(),
        new SpringApplicationBuilder(GraftApplication.class).profiles("server", "worker"),
        List.of(
            "--server.address=127.0.0.1",
            "--server.port=" + port,
            "--graft.data-dir=" + dataDir,
            "--graft.worker.report-every=500ms",
            "--logging.file.name=" + dataDir.resolve("graft.log"),
            "--logging.threshold.console=OFF"));
  }

  private static ServerContext start(
      DatabaseInitializer database, SpringApplicationBuilder application, List<String> arguments) {
    try {
      return new ServerContext(
          application.initializers(database).run(arguments.toArray(String[]::new)), database);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  <T> T get(Class<T> service) {
    return context.getBean(service);
  }

  <T> Collection<T> all(Class<T> type) {
    return context.getBeansOfType(type).values();
  }

  /** Of the demo. */
  URI url() {
    return URI.create(
        "http://127.0.0.1:" + context.getEnvironment().getProperty("local.server.port"));
  }

  @Override
  public void close() {
    context.close();
    database.close();
  }
}
