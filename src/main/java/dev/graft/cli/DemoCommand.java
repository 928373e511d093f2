package dev.graft.cli;

import dev.graft.catalog.BaseModels;
import dev.graft.client.BundledModel;
import dev.graft.client.DemoRun;
import dev.graft.client.Screen;
import dev.graft.platform.GraftProperties;
import dev.graft.platform.MachineLacks;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code graft demo}: takes a job from upload to answers on this machine, in one command. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Train a LoRA adapter on this machine and ask it questions. Runs server, worker and"
          + " PostgreSQL in one process, on loopback; with --server it uses a server that is"
          + " already running.",
      "Exits with status 1 if the adapter does not answer what the base model cannot."
    })
final class DemoCommand implements Callable<Integer> {
  @Option(names = "--exit", description = "Stop after the scores instead of continuing to serve.")
  private boolean exit;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Random seed of the products and their facts (${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--port", defaultValue = "8080", description = "Port (${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--server",
      paramLabel = "URL",
      description =
          "A running server with a worker, whose data directory and database are on this machine.")
  private @Nullable URI server;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description =
          "Where everything is stored, for the next run to use again (~/.graft-demo); with"
              + " --server, the server's own data directory (graft.data-dir, or ~/.graft).")
  private @Nullable Path dataDir;

  @Override
  public Integer call() throws IOException, InterruptedException {
    var screen = Screen.standard();
    URI running = server;
    if (running != null) return beside(running, screen);
    Path directory = prepare();
    screen.title("Graft demo", "seed " + seed);
    screen.doing("server", "starting");
    try (ServerContext own = ServerContext.ofDemo(directory, port)) {
      screen.done("server", own.url() + "  PostgreSQL and files in " + directory);
      String key = admit(own, directory, screen);
      int status = shown(own.url(), key, directory, screen, !exit);
      if (!exit && status == 0) serveOn(screen);
      return status;
    }
  }

  /** Runs the demo on a running server, whose configuration it reads as other commands do. */
  private int beside(URI running, Screen screen) throws IOException {
    screen.title("Graft demo", "seed " + seed);
    ServerOptions options = new ServerOptions();
    options.dataDir = dataDir;
    Path directory;
    String key;
    try (ServerContext context = ServerContext.open(options)) {
      directory = context.get(GraftProperties.class).dataDir().toAbsolutePath().normalize();
      key = admit(context, directory, screen);
    }
    return shown(running, key, directory, screen, false);
  }

  private static String admit(ServerContext server, Path directory, Screen screen)
      throws IOException {
    String department = server.get(Departments.class).ensure("demo");
    String key = server.get(ApiKeys.class).create(department, Scope.USER).secret();
    screen.done("department", "demo, with a new key");
    Path model = directory.resolve("base-model");
    BundledModel.extract(model);
    server.get(BaseModels.class).register(BundledModel.NAME, model);
    screen.done(
        "base model", BundledModel.NAME + ", bundled with Graft; it knows none of the facts below");
    return key;
  }

  private int shown(URI at, String key, Path directory, Screen screen, boolean servesOn)
      throws IOException {
    Path adapters = directory.resolve("adapters");
    DemoRun walk = new DemoRun(at, key, BundledModel.NAME, seed, adapters, servesOn);
    return walk.run(screen) ? 0 : 1;
  }

  private Path prepare() throws IOException {
    Path named =
        dataDir == null ? Path.of(System.getProperty("user.home"), ".graft-demo") : dataDir;
    Path directory = named.toAbsolutePath().normalize();
    try {
      Files.createDirectories(directory);
      Path probe = Files.createTempFile(directory, "probe", "");
      Files.delete(probe);
    } catch (IOException e) {
      throw new MachineLacks(
          "cannot write to the data directory %s; choose another with --data-dir"
              .formatted(directory),
          e);
    }
    return directory;
  }

  private static void serveOn(Screen screen) throws InterruptedException {
    screen.say("  Graft continues to serve; Ctrl-C stops it.");
    new CountDownLatch(1).await();
  }
}
