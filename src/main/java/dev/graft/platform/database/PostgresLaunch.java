package dev.graft.platform.database;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** A {@code postgres} process just started, and the loopback port it was told to listen on. */
record PostgresLaunch(Process process, int port) {
  private static final String PORT = "port=";

  static PostgresLaunch of(PostgresDirectory files, String... settings) {
    int port = port(settings);
    List<String> command = new ArrayList<>(List.of("setsid"));
    command.addAll(files.user().prefix());
    command.addAll(List.of(files.program("postgres").toString(), "-D", files.cluster().toString()));
    for (String setting : ours(port)) {
      command.addAll(List.of("-c", setting));
    }
    for (String setting : settings) {
      command.addAll(List.of("-c", setting));
    }
    try {
      Process process =
          ChildProcess.of(command)
              .directory(files.cluster().toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(files.log().toFile()))
              .start();
      process.getOutputStream().close();
      return new PostgresLaunch(process, port);
    } catch (IOException e) {
      throw new MachineLacks("PostgreSQL cannot be started: " + e.getMessage(), e);
    }
  }

  private static List<String> ours(int port) {
    return List.of(
        "listen_addresses=127.0.0.1",
        "port=" + port,
        "unix_socket_directories=",
        "max_connections=60",
        "idle_in_transaction_session_timeout=60s",
        "log_min_messages=warning");
  }

  /** One that is free, unless the settings name one: then others may keep its address. */
  private static int port(String... settings) {
    return Stream.of(settings)
        .filter(setting -> setting.startsWith(PORT))
        .map(setting -> Integer.parseInt(setting.substring(PORT.length())))
        .findFirst()
        .orElseGet(PostgresLaunch::freePort);
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new MachineLacks("no free loopback port for PostgreSQL: " + e.getMessage(), e);
    }
  }
}
