package dev.graft.cli;

import dev.graft.GraftApplication;
import dev.graft.kernels.CudaMachine;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.database.DatabaseInitializer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeansException;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ApplicationContextInitializer;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.env.Environment;
import org.springframework.core.env.Profiles;
import org.springframework.data.repository.Repository;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code graft serve}: runs a server, a worker, or both, until stopped. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    description = "Run a server, a worker, or both in one process (--role all), until Ctrl-C.")
final class ServeCommand extends CliCommand implements Callable<Integer> {
  /** The parts of Graft that a process runs. */
  public enum ProcessRole {
    ALL,
    SERVER,
    WORKER;

    public String[] profiles() {
      return switch (this) {
        case ALL -> new String[] {"server", "worker"};
        case SERVER -> new String[] {"server"};
        case WORKER -> new String[] {"worker"};
      };
    }

    /** Returns default settings: a process with both parts listens on this machine only. */
    public Map<String, Object> defaults() {
      return this == ALL ? Map.of("server.address", "127.0.0.1") : Map.of();
    }
  }

  @Option(names = "--role", defaultValue = "all", description = "Role: all, server or worker.")
  private ProcessRole role = ProcessRole.ALL;

  @Option(names = "--port", description = "Port of the API (8080); 0 picks a free port.")
  private @Nullable Integer port;

  @Mixin private ServerOptions options = new ServerOptions();

  @Option(names = "--server", paramLabel = "URL", description = "The server of a worker.")
  private @Nullable String server;

  @Option(
      names = "--join-token",
      paramLabel = "TOKEN",
      description = "A token that lets one new worker join (graft worker-token create).")
  private @Nullable String joinToken;

  @Option(
      names = "--join-token-file",
      paramLabel = "FILE",
      description = "A file with join tokens, one per line; the worker takes the first unused one.")
  private @Nullable Path joinTokenFile;

  @Mixin private WorkerDeviceOption devices = new WorkerDeviceOption();

  /**
   * Runs until the process ends. At shutdown Spring drains the worker, closes the context and then
   * the database.
   */
  @Override
  public Integer call() throws InterruptedException {
    check();
    DatabaseInitializer database = DatabaseInitializer.forServer();
    try (StartGuard guard = new StartGuard(database)) {
      ConfigurableApplicationContext context = start(database);
      if (role != ProcessRole.WORKER) takeCommands(context);
      announce(context);
      if (role != ProcessRole.WORKER) makeRepositories(context);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
    new CountDownLatch(1).await();
    return 0;
  }

  /**
   * Checks the options before anything starts.
   *
   * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if a named device cannot be used
   */
  private void check() {
    if (role == ProcessRole.WORKER
        && server == null
        && System.getenv("GRAFT_WORKER_SERVER_URL") == null) {
      throw wrong("a worker needs its server's URL: --server URL");
    }
    if (role != ProcessRole.WORKER && server != null) {
      throw wrong("--server requires --role worker");
    }
    devices.check(spec.commandLine(), role != ProcessRole.SERVER);
  }

  private ConfigurableApplicationContext start(DatabaseInitializer database) {
    return new SpringApplicationBuilder(GraftApplication.class)
        .profiles(role.profiles())
        .properties(role.defaults())
        .initializers(new PortCheck(), database)
        .run(arguments().toArray(String[]::new));
  }

  private void takeCommands(ConfigurableApplicationContext context) {
    Path dataDir = Path.of(context.getEnvironment().getRequiredProperty("graft.data-dir"));
    CommandSocket.open(
            dataDir, ServerContext.of(context), spec.commandLine().getExecutionExceptionHandler())
        .ifPresent(
            socket -> context.addApplicationListener((ContextClosedEvent end) -> socket.close()));
  }

  /** Makes now what Spring Data would make at the first use, while a request waits. */
  private static void makeRepositories(ConfigurableApplicationContext context) {
    Thread.ofPlatform()
        .daemon()
        .name("repositories")
        .start(
            () -> {
              try {
                ServerContext.of(context).all(Repository.class);
              } catch (BeansException | IllegalStateException ignored) {
                // The server stops. Any other failure is that of the first request.
              }
            });
  }

  private List<String> arguments() {
    List<String> arguments = new ArrayList<>(options.arguments());
    add(arguments, "server.port", port);
    add(arguments, "graft.worker.server-url", server);
    add(arguments, "graft.worker.join-token", joinToken);
    add(arguments, "graft.worker.join-token-file", joinTokenFile);
    add(arguments, "graft.worker.devices", devices.named());
    return arguments;
  }

  private static void add(List<String> arguments, String name, @Nullable Object value) {
    if (value != null) {
      arguments.add("--" + name + "=" + value);
    }
  }

  private void announce(ConfigurableApplicationContext context) {
    var err = spec.commandLine().getErr();
    if (role == ProcessRole.WORKER) {
      err.println("Graft worker of " + server + " is running; Ctrl-C drains and stops it.");
    } else {
      var environment = context.getEnvironment();
      URI url = ServerContext.of(context).url();
      err.println("Graft is running at " + url + "/v1; open the console at " + url);
      err.println(
          "Create a key: graft key create --department NAME --data-dir "
              + environment.getProperty("graft.data-dir"));
    }
    err.flush();
  }

  /** Checks that the ports are free before anything starts. */
  @Order(Ordered.HIGHEST_PRECEDENCE)
  static final class PortCheck
      implements ApplicationContextInitializer<ConfigurableApplicationContext> {
    @Override
    public void initialize(ConfigurableApplicationContext context) {
      Environment environment = context.getEnvironment();
      if (!environment.acceptsProfiles(Profiles.of("server"))) {
        return;
      }
      int port = environment.getProperty("server.port", Integer.class, 8080);
      check(environment.getProperty("server.address"), port, "--port");
      Integer management = environment.getProperty("management.server.port", Integer.class);
      if (management == null || management < 0 || management == port) return;
      check(
          environment.getProperty("management.server.address"),
          management,
          "management.server.port");
    }

    private static void check(@Nullable String address, int port, String setting) {
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(address(address, Math.max(port, 0)));
      } catch (UnknownHostException e) {
        throw new MachineLacks("this machine does not have the address " + address, e);
      } catch (IOException e) {
        throw new MachineLacks(
            "cannot listen on port %d (%s); choose another with %s"
                .formatted(port, e.getMessage(), setting),
            e);
      }
    }

    private static InetSocketAddress address(@Nullable String address, int port)
        throws UnknownHostException {
      return address == null
          ? new InetSocketAddress(port)
          : new InetSocketAddress(InetAddress.getByName(address), port);
    }
  }

  /**
   * While a server starts, Ctrl-C ends the process immediately: PostgreSQL is stopped, and Spring's
   * beans are not closed, because no request has been accepted yet. Closed when the start has
   * succeeded or failed; from then on Spring's own shutdown applies.
   */
  static final class StartGuard implements AutoCloseable {
    /** The exit status that shells report for a process ended by SIGINT. */
    private static final int INTERRUPTED = 130;

    private volatile boolean starting = true;

    StartGuard(AutoCloseable database) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> end(database), "stop-starting"));
    }

    private void end(AutoCloseable database) {
      if (!starting) {
        return;
      }
      try {
        database.close();
      } catch (Exception e) {
        System.err.println("graft: cannot stop PostgreSQL: " + e.getMessage());
      }
      Runtime.getRuntime().halt(INTERRUPTED);
    }

    @Override
    public void close() {
      starting = false;
    }
  }

  /** {@code --device} of {@code serve}: the devices of its worker. */
  static final class WorkerDeviceOption {
    private static final String AUTO = "auto";
    private static final String CPU = "cpu";

    @Option(
        names = "--device",
        defaultValue = AUTO,
        paramLabel = "DEVICE",
        description =
            "The worker's devices: cpu, cuda:0, or several separated by commas; by default auto,"
                + " which is every usable GPU, else cpu.")
    private String device = AUTO;

    /** Returns the devices for the settings; null = the settings decide. */
    @Nullable String named() {
      return device.equals(AUTO) ? null : device;
    }

    /**
     * @param worker whether the process runs a worker
     * @throws dev.graft.kernels.CudaMachine.DeviceUnavailable if a device cannot be used
     */
    void check(CommandLine command, boolean worker) {
      if (!device.matches("auto|(cpu|cuda:\\d+)(,(cpu|cuda:\\d+))*")) {
        throw new ParameterException(
            command,
            "--device "
                + device
                + " is not a device: use auto, cpu, cuda:0, or several separated by commas");
      }
      if (!worker || !device.contains("cuda")) return;
      CudaMachine machine = CudaMachine.here();
      for (String each : device.split(",")) if (!each.equals(CPU)) machine.require(each);
    }
  }
}
