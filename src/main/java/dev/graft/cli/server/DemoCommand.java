package dev.graft.cli.server;

import dev.graft.catalog.BaseModels;
import dev.graft.client.Screen;
import dev.graft.demo.BundledModel;
import dev.graft.demo.DemoRun;
import dev.graft.platform.MachineLacks;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.keys.ApiKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The whole way of a job on this machine, in one command. */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Train a LoRA adapter on this machine and put questions to it: server, worker and PostgreSQL"
          + " in one process, on loopback.",
      "Status 1 unless the adapter knows what the base model does not."
    })
public final class DemoCommand implements Callable<Integer> {
  @Option(names = "--exit", description = "End after the scores instead of serving on.")
  private boolean exit;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Draws the products and their facts (${DEFAULT-VALUE}).")
  private long seed;

  @Option(names = "--port", defaultValue = "8080", description = "Port (${DEFAULT-VALUE}).")
  private int port;

  @Option(
      names = "--data-dir",
      defaultValue = "${sys:user.home}/.graft-demo",
      description = "All that stays behind (${DEFAULT-VALUE}); used again by the next run.")
  private Path dataDir = Path.of(".graft-demo");

  @Override
  public Integer call() throws IOException, InterruptedException {
    var screen = Screen.standard();
    Path directory = prepare();
    screen.title("Graft demo", "seed " + seed);
    screen.doing("server", "starting");
    try (ServerContext server = ServerContext.ofDemo(directory, port)) {
      screen.done("server", server.url() + "  PostgreSQL and files in " + dataDir);
      String department = server.get(Departments.class).ensure("demo");
      String key = server.get(ApiKeys.class).create(department, Scope.USER).secret();
      screen.done("department", "demo, with a new key");
      Path model = directory.resolve("base-model");
      BundledModel.extract(model);
      server.get(BaseModels.class).register(BundledModel.NAME, model);
      screen.done(
          "base model", BundledModel.NAME + ", made by Graft; it knows none of the facts to come");
      boolean shown =
          new DemoRun(
                  server.url(), key, BundledModel.NAME, seed, directory.resolve("adapters"), !exit)
              .run(screen);
      if (!exit && shown) serveOn(screen);
      return shown ? 0 : 1;
    }
  }

  private Path prepare() throws IOException {
    Path directory = dataDir.toAbsolutePath().normalize();
    try {
      Files.createDirectories(directory);
      Path probe = Files.createTempFile(directory, "probe", "");
      Files.delete(probe);
    } catch (IOException e) {
      throw new MachineLacks(
          "the data directory %s is not writable; choose another with --data-dir"
              .formatted(directory),
          e);
    }
    return directory;
  }

  private static void serveOn(Screen screen) throws InterruptedException {
    screen.say("  Graft serves on until Ctrl-C.");
    new CountDownLatch(1).await();
  }
}
