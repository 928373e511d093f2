package dev.graft.cli.server;

import dev.graft.GraftApplication;
import dev.graft.catalog.BaseModels;
import dev.graft.demo.BundledModel;
import dev.graft.platform.database.DatabaseInitializer;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.keys.ApiKeys;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Server and worker in this process, on loopback, with a PostgreSQL of their own. However the
 * process ends, the context closes first, then PostgreSQL.
 */
final class DemoServer implements AutoCloseable {
  private final DatabaseInitializer database;
  private final ConfigurableApplicationContext context;

  private DemoServer(DatabaseInitializer database, ConfigurableApplicationContext context) {
    this.database = database;
    this.context = context;
  }

  /** The log goes to a file: the terminal is the demo's own. */
  static DemoServer start(Path dataDir, int port) {
    var database = DatabaseInitializer.forServer();
    try {
      var context =
          new SpringApplicationBuilder(GraftApplication.class)
              .profiles("server", "worker")
              .initializers(database)
              .run(
                  "--server.address=127.0.0.1",
                  "--server.port=" + port,
                  "--graft.data-dir=" + dataDir,
                  "--graft.worker.report-every=500ms",
                  "--logging.file.name=" + dataDir.resolve("graft.log"),
                  "--logging.threshold.console=OFF");
      return new DemoServer(database, context);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  URI url() {
    String port = context.getEnvironment().getProperty("local.server.port");
    return URI.create("http://127.0.0.1:" + port);
  }

  /** A new key of the department, made where it is missing; shown here only. */
  String key(String department) {
    String id = context.getBean(Departments.class).ensure(department);
    return context.getBean(ApiKeys.class).create(id, Scope.USER).secret();
  }

  /** Registers the model that the jar carries; the second time nothing changes. */
  void registerBundledModel(Path directory) throws IOException {
    BundledModel.extract(directory);
    context.getBean(BaseModels.class).register(BundledModel.NAME, directory);
  }

  @Override
  public void close() {
    context.close();
    database.close();
  }
}
