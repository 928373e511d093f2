package dev.graft.pg;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.graft.pg.TestPostgres.Address;
import dev.graft.platform.ChildJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;

/** A real PgBouncer in transaction mode before a database of {@link TestPostgres}. */
public final class PgBouncer {
  private static final String NOBODY = "65534";

  private PgBouncer() {}

  /** Where there is none, the test is not run. */
  public static void requireInstalled() {
    assumeTrue(
        ChildJvm.onPath("pgbouncer").isPresent(),
        "pgbouncer is not on the PATH: apt-get install pgbouncer");
  }

  /** The database by way of one, which runs until the end of the JVM. */
  public static Address before(Address database) throws IOException {
    URI server = URI.create(database.url().substring("jdbc:".length()));
    int port = freePort();
    Path directory = Files.createTempDirectory("graft-pgbouncer-");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
    Path settings =
        Files.writeString(
            directory.resolve("pgbouncer.ini"),
            """
            [databases]
            %1$s = host=%2$s port=%3$d dbname=%1$s user=%4$s password=%5$s
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = %6$d
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = 12
            max_client_conn = 200
            ignore_startup_parameters = extra_float_digits,options
            """
                .formatted(
                    database.name(),
                    server.getHost(),
                    server.getPort(),
                    database.user(),
                    database.password(),
                    port));
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) { // it refuses to be
      command.addAll(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"));
    }
    command.addAll(List.of("pgbouncer", "--quiet", settings.toString()));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("pgbouncer.log").toFile())
            .start();
    Awaitility.await().until(() -> answers(port));
    String url =
        "jdbc:postgresql://127.0.0.1:%d/%s?prepareThreshold=0".formatted(port, database.name());
    TestPostgres.closeBetween(process::destroy);
    return new Address(database.name(), url, database.user(), database.password());
  }

  private static boolean answers(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
