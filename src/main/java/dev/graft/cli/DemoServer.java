package dev.graft.cli;

import dev.graft.GraftApplication;
import dev.graft.catalog.BaseModels;
import dev.graft.demo.BundledModel;
import dev.graft.platform.EmbeddedPostgres;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * Server and worker in this process, on loopback, with a PostgreSQL of their own. However the
 * process ends, the context closes first, then PostgreSQL.
 */
final class DemoServer implements AutoCloseable {
  private final ConfigurableApplicationContext context;
  private final EmbeddedPostgres postgres;
  private final URI url;

  private DemoServer(ConfigurableApplicationContext context, EmbeddedPostgres postgres, URI url) {
    this.context = context;
    this.postgres = postgres;
    this.url = url;
  }

  static DemoServer start(Path dataDir, int port) {
    var postgres = EmbeddedPostgres.start(dataDir.resolve("postgres"));
    SpringApplication.getShutdownHandlers().add(postgres::close);
    try {
      var context =
          new SpringApplicationBuilder(GraftApplication.class)
              .profiles("server", "worker")
              .run(settings(dataDir, port, postgres).toArray(String[]::new));
      String bound = context.getEnvironment().getProperty("local.server.port");
      return new DemoServer(context, postgres, URI.create("http://127.0.0.1:" + bound));
    } catch (RuntimeException e) {
      postgres.close();
      throw e;
    }
  }

  private static List<String> settings(Path dataDir, int port, EmbeddedPostgres postgres) {
    return List.of(
        "--server.address=127.0.0.1",
        "--server.port=" + port,
        "--graft.data-dir=" + dataDir,
        "--graft.worker.report-every=500ms",
        "--spring.datasource.url=" + postgres.url("postgres"),
        "--spring.datasource.username=" + postgres.user(),
        "--spring.datasource.password=" + postgres.password());
  }

  URI url() {
    return url;
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
    postgres.close();
  }
}
