package dev.graft.pg;

import dev.graft.platform.database.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.flywaydb.core.Flyway;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextClosedEvent;
import org.springframework.context.event.GenericApplicationListener;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The one place that decides which PostgreSQL the tests use: a container where an engine answers,
 * else the embedded binaries with fsync off. One cluster a JVM; each caller gets a database of its
 * own.
 */
public final class TestPostgres {
  private static final AtomicInteger DATABASES = new AtomicInteger();
  private static final Set<ConfigurableApplicationContext> SERVERS = ConcurrentHashMap.newKeySet();

  /** What stands between servers and PostgreSQL. */
  private static final Queue<Runnable> BETWEEN = new ConcurrentLinkedQueue<>();

  private TestPostgres() {}

  /** How to reach a database. */
  public record Address(String name, String url, String user, String password) {}

  private record Cluster(String host, String user, String password) {
    String url(String database) {
      return host + database;
    }
  }

  /**
   * For the pools of all servers that Spring keeps running for later tests: about 300 connections
   * at the end of a full run. No test needs its data after a crash of the machine.
   */
  private static final String[] SETTINGS = {"fsync=off", "max_connections=1000"};

  private static final class Holder {
    static final Cluster CLUSTER = start();
  }

  /** What the others are copies of; nobody else may be connected to it meanwhile. */
  private static final class Migrated {
    static final String NAME = migrate();

    private static String migrate() {
      Address address = empty();
      Flyway.configure()
          .dataSource(address.url(), address.user(), address.password())
          .load()
          .migrate();
      return address.name();
    }
  }

  private static Cluster start() {
    if (engineMayBeThere() && DockerClientFactory.instance().isDockerAvailable()) {
      @SuppressWarnings("resource") // lives as long as the JVM
      PostgreSQLContainer container = container();
      container.start();
      stopAtEnd(container::stop);
      System.err.println("Tests use PostgreSQL 18 in a container");
      String url = container.getJdbcUrl();
      return new Cluster(
          url.substring(0, url.lastIndexOf('/') + 1),
          container.getUsername(),
          container.getPassword());
    }
    Path directory = Path.of("target", "test-postgres-" + ProcessHandle.current().pid());
    EmbeddedPostgres postgres = EmbeddedPostgres.start(directory, SETTINGS);
    stopAtEnd(postgres::close);
    System.err.println("Tests use the embedded PostgreSQL binaries (no container engine answers)");
    return new Cluster(postgres.url(""), postgres.user(), postgres.password());
  }

  static PostgreSQLContainer container() {
    String settings = "-c " + String.join(" -c ", SETTINGS);
    return new PostgreSQLContainer("postgres:18").withCommand("postgres " + settings);
  }

  /** Servers first: without their database they would wait for it at their end, and complain. */
  private static void stopAtEnd(Runnable postgres) {
    Runnable all =
        () -> {
          try (ExecutorService each = Executors.newVirtualThreadPerTaskExecutor()) {
            for (ConfigurableApplicationContext server : SERVERS) each.execute(server::close);
          }
          BETWEEN.forEach(Runnable::run);
          postgres.run();
        };
    Runtime.getRuntime().addShutdownHook(new Thread(all, "stop-servers-then-postgres"));
  }

  /** A server that is closed at the end of the JVM, if nobody closes it before. */
  static void closeAtEnd(ConfigurableApplicationContext server) {
    SERVERS.add(server);
    server.addApplicationListener(
        GenericApplicationListener.forEventType(
            ContextClosedEvent.class, closed -> SERVERS.remove(server)));
  }

  /** Asking Testcontainers takes seconds and fills the log, so look for a socket first. */
  private static boolean engineMayBeThere() {
    return System.getenv("DOCKER_HOST") != null
        || java.nio.file.Files.exists(Path.of("/var/run/docker.sock"))
        || java.nio.file.Files.exists(
            Path.of(System.getProperty("user.home"), ".docker/run/docker.sock"));
  }

  /** At the end of the JVM, after servers and before PostgreSQL. */
  static void closeBetween(Runnable close) {
    BETWEEN.add(close);
  }

  /** A new, empty database. */
  public static Address empty() {
    return create("");
  }

  /** A new database with all migrations, which ran once a JVM: the others are its copies. */
  public static Address migrated() {
    return create(" template " + Migrated.NAME);
  }

  private static Address create(String template) {
    Cluster cluster = Holder.CLUSTER;
    String name = "graft_test_" + DATABASES.incrementAndGet();
    try (Connection connection =
            DriverManager.getConnection(
                cluster.url("postgres"), cluster.user(), cluster.password());
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name + template);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new Address(name, cluster.url(name), cluster.user(), cluster.password());
  }
}
