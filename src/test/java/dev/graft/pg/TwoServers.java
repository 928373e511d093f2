package dev.graft.pg;

import dev.graft.GraftApplication;
import dev.graft.pg.TestPostgres.Address;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;

/**
 * Two whole servers over one database and one directory of artifacts; each has a data directory of
 * its own, as two machines have.
 */
public final class TwoServers implements AutoCloseable {
  private static final String[] QUICK = {
    "graft.files.validate-inline=64KB",
    "graft.inference.worker-wait=6s",
    "graft.jobs.lease-ttl=5s",
    "graft.jobs.heartbeat=500ms",
    "graft.jobs.reap-every=500ms",
    "graft.jobs.retry-after=100ms",
    "graft.jobs.claim-poll=100ms",
    "graft.webhooks.allow-http=true",
    "graft.webhooks.allowed-networks=127.0.0.0/8",
  };

  private final Path directory;
  private final Address database;
  private final List<String> properties;
  private final List<Server> servers = new ArrayList<>();

  private TwoServers(Path directory, Address database, List<String> properties) {
    this.directory = directory;
    this.database = database;
    this.properties = properties;
  }

  /** A server that runs. */
  public record Server(ConfigurableApplicationContext context) {
    public int port() {
      return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    }

    public String url() {
      return "http://127.0.0.1:" + port();
    }

    public <T> T get(Class<T> bean) {
      return context.getBean(bean);
    }

    /** Of what only tests have. */
    public <T> T make(Class<T> type) {
      return context.getAutowireCapableBeanFactory().createBean(type);
    }
  }

  /**
   * @param properties of both, such as {@code graft.jobs.lease-ttl=5s}
   */
  public static TwoServers start(String... properties) throws IOException {
    return start(TestPostgres.migrated(), properties);
  }

  public static TwoServers start(Address database, String... properties) throws IOException {
    Path target = Files.createDirectories(Path.of("target", "test-data"));
    Path directory = Files.createTempDirectory(target, "servers-").toAbsolutePath();
    TwoServers both = new TwoServers(directory, database, List.of(properties));
    both.add();
    both.add();
    return both;
  }

  /** A pair for all tests that need nothing of their own, with the times of {@link #QUICK}. */
  public static TwoServers shared() {
    return Shared.PAIR;
  }

  private static final class Shared {
    static final TwoServers PAIR = start();

    private static TwoServers start() {
      try {
        return TwoServers.start(QUICK);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** As {@link #shared}, with PgBouncer before the database; they listen for nothing. */
  public static TwoServers pooled() {
    PgBouncer.requireInstalled();
    return Pooled.PAIR;
  }

  private static final class Pooled {
    static final TwoServers PAIR = start();

    private static TwoServers start() {
      List<String> properties = new ArrayList<>(List.of(QUICK));
      properties.add("graft.database.listen=false");
      try {
        return TwoServers.start(
            PgBouncer.before(TestPostgres.empty()), properties.toArray(String[]::new));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** One server more. */
  private void add() throws IOException {
    Path data = Files.createDirectories(directory.resolve("server-" + servers.size()));
    List<String> others =
        new ArrayList<>(
            List.of(
                "graft.artifacts.filesystem.directory=" + directory.resolve("store"),
                // The same on both, as operators are told.
                "graft.webhooks.encryption-key=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="));
    others.addAll(properties);
    servers.add(run(database, data, others));
  }

  /** A server in this JVM. */
  public static Server run(Address database, Path data, List<String> properties) {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--server.port=0",
                "--logging.level.dev.graft=" + System.getProperty("graft.test.log", "warn"),
                "--spring.datasource.url=" + database.url(),
                "--spring.datasource.username=" + database.user(),
                "--spring.datasource.password=" + database.password(),
                "--spring.datasource.hikari.maximum-pool-size=10",
                "--spring.datasource.hikari.minimum-idle=1",
                "--graft.data-dir=" + data,
                // Some tests write rows that no server would.
                "--graft.ops.invariants-every=1d",
                "--graft.artifacts.sweep-after=1d"));
    properties.forEach(property -> arguments.add("--" + property));
    ConfigurableApplicationContext context =
        new SpringApplicationBuilder(GraftApplication.class)
            .profiles("server")
            .registerShutdownHook(false)
            .initializers(
                starting -> starting.getBeanFactory().registerSingleton("noTests", new NoTests()))
            .run(arguments.toArray(String[]::new));
    TestPostgres.closeAtEnd(context);
    return new Server(context);
  }

  public Server a() {
    return servers.get(0);
  }

  public Server b() {
    return servers.get(1);
  }

  @Override
  public void close() {
    servers.forEach(server -> server.context().close());
  }

  /** What tests bring for other contexts lies on the class path, too. */
  private static final class NoTests extends TypeExcludeFilter {
    @Override
    public boolean match(MetadataReader reader, MetadataReaderFactory readers) {
      return reader.getAnnotationMetadata().isAnnotated(TestConfiguration.class.getName())
          || reader.getAnnotationMetadata().isAnnotated(TestComponent.class.getName());
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof NoTests;
    }

    @Override
    public int hashCode() {
      return NoTests.class.hashCode();
    }
  }
}
