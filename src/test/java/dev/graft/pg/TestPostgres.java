package dev.graft.pg;

import dev.graft.platform.database.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.postgresql.PostgreSQLContainer;

/**
 * The one place that decides which PostgreSQL the tests use: a container where an engine answers,
 * else the embedded binaries with fsync off. One cluster a JVM; each caller gets a database of its
 * own.
 */
public final class TestPostgres {
  private static final AtomicInteger DATABASES = new AtomicInteger();

  private TestPostgres() {}

  /** How to reach a database. */
  public record Address(String url, String user, String password) {}

  private record Cluster(String host, String user, String password) {
    String url(String database) {
      return host + database;
    }
  }

  private static final class Holder {
    static final Cluster CLUSTER = start();
  }

  private static Cluster start() {
    if (engineMayBeThere() && DockerClientFactory.instance().isDockerAvailable()) {
      @SuppressWarnings("resource") // lives as long as the JVM; Testcontainers' reaper removes it
      PostgreSQLContainer container = new PostgreSQLContainer("postgres:18");
      container.start();
      System.err.println("Tests use PostgreSQL 18 in a container");
      String url = container.getJdbcUrl();
      return new Cluster(
          url.substring(0, url.lastIndexOf('/') + 1),
          container.getUsername(),
          container.getPassword());
    }
    Path directory = Path.of("target", "test-postgres-" + ProcessHandle.current().pid());
    EmbeddedPostgres postgres =
        EmbeddedPostgres.start(directory, "fsync=off", "max_connections=300");
    Runtime.getRuntime().addShutdownHook(new Thread(postgres::close, "stop-test-postgres"));
    System.err.println("Tests use the embedded PostgreSQL binaries (no container engine answers)");
    return new Cluster(postgres.url(""), postgres.user(), postgres.password());
  }

  /** Asking Testcontainers takes seconds and fills the log, so look for a socket first. */
  private static boolean engineMayBeThere() {
    return System.getenv("DOCKER_HOST") != null
        || java.nio.file.Files.exists(Path.of("/var/run/docker.sock"))
        || java.nio.file.Files.exists(
            Path.of(System.getProperty("user.home"), ".docker/run/docker.sock"));
  }

  /** A new, empty database. */
  public static Address database() {
    Cluster cluster = Holder.CLUSTER;
    String name = "graft_test_" + DATABASES.incrementAndGet();
    try (Connection connection =
            DriverManager.getConnection(
                cluster.url("postgres"), cluster.user(), cluster.password());
        Statement statement = connection.createStatement()) {
      statement.execute("create database " + name);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return new Address(cluster.url(name), cluster.user(), cluster.password());
  }
}
