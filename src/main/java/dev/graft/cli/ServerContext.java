package dev.graft.cli;

import dev.graft.GraftApplication;
import dev.graft.platform.database.DatabaseInitializer;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.Ssl;
import org.springframework.boot.web.server.autoconfigure.ServerProperties;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.ConfigurableEnvironment;

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

  private static final ScopedValue<ServerContext> AROUND = ScopedValue.newInstance();

  private final ConfigurableApplicationContext context;
  private final Runnable end;

  private ServerContext(ConfigurableApplicationContext context, Runnable end) {
    this.context = context;
    this.end = end;
  }

  /** Of the server that this process is: it goes on when a command has ended. */
  static ServerContext of(ConfigurableApplicationContext running) {
    return new ServerContext(running, () -> {});
  }

  /** A command that opens a server's services finds these. */
  static <T> T inside(ServerContext server, Supplier<T> command) {
    return ScopedValue.where(AROUND, server).call(command::get);
  }

  /** For one short command. */
  static ServerContext open(ServerOptions options) {
    if (AROUND.isBound()) return AROUND.get();
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
      ConfigurableApplicationContext context =
          application.initializers(database).run(arguments.toArray(String[]::new));
      return new ServerContext(
          context,
          () -> {
            context.close();
            database.close();
          });
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

  /** Where it answers on this machine, without a path. */
  URI url() {
    ConfigurableEnvironment settings = context.getEnvironment();
    String address = settings.getProperty("server.address", "127.0.0.1");
    return URI.create(
        (Ssl.isEnabled(context.getBean(ServerProperties.class).getSsl()) ? "https" : "http")
            + "://"
            + (address.equals("0.0.0.0") ? "127.0.0.1" : address)
            + ":"
            + settings.getProperty("local.server.port"));
  }

  @Override
  public void close() {
    end.run();
  }
}
