package dev.graft.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.client.AskedCommand;
import dev.graft.pg.GraftIT;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ConfigurableApplicationContext;
import picocli.CommandLine;

/** Commands that a server carries out which runs on their data directory. */
@GraftIT
class CommandSocketIT {
  @Autowired private ConfigurableApplicationContext context;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @TempDir private Path data;
  private CommandSocket socket;

  @BeforeEach
  void open() {
    socket =
        CommandSocket.open(
                data,
                ServerContext.of(context),
                (failure, command, parsed) -> {
                  command.getErr().println("graft: " + failure.getMessage());
                  return failure instanceof RequestFailed ? 2 : 1;
                })
            .orElseThrow();
  }

  @AfterEach
  void close() {
    socket.close();
  }

  private record Ended(int status, String out, String err) {}

  private Ended graft(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    List<String> options = Arrays.asList(arguments).subList(1, arguments.length);
    int status =
        new CommandLine(CommandSocket.SocketCommands.of(arguments[0]).orElseThrow())
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionStrategy(CommandSocket.RunningServer.of(() -> {}, arguments).orElseThrow())
            .setOut(new PrintWriter(out))
            .setErr(new PrintWriter(err))
            .execute(options.toArray(String[]::new));
    return new Ended(status, out.toString(), err.toString());
  }

  private Ended key(String... options) {
    return graft(
        Stream.of(List.of("key"), List.of(options), List.of("--data-dir", data.toString()))
            .flatMap(List::stream)
            .toArray(String[]::new));
  }

  @Test
  void aKeyIsMadeListedAndRevokedByTheServerThatRuns() {
    Ended made = key("create", "--department", "socket", "--name", "of the socket");

    assertThat(made.status()).isZero();
    assertThat(made.err()).isEmpty();
    assertThat(made.out()).startsWith(ApiKeys.PREFIX);
    String department = departments.find("socket").orElseThrow();
    String id = keys.list(department).getFirst().id();
    assertThat(key("list", "--department", "socket").out()).contains(id, "of the socket");
    assertThat(key("revoke", id)).isEqualTo(new Ended(0, "", ""));
    assertThat(keys.list(department)).isEmpty();
  }

  @Test
  void whatIsWrongIsSaidAsTheCommandSaysIt() {
    assertThat(key("create", "--department", "socket", "--expires-in-days", "0"))
        .satisfies(
            ended -> {
              assertThat(ended.status()).isEqualTo(2);
              assertThat(ended.err()).startsWith("--expires-in-days must be 1 or more");
            });
    assertThat(key("rotate", "no-such-key"))
        .satisfies(
            ended -> {
              assertThat(ended.status()).isEqualTo(2);
              assertThat(ended.err()).startsWith("graft: ");
            });
  }

  @Test
  void onlyTheOwnerReachesIt() throws IOException {
    assertThat(Files.getPosixFilePermissions(AskedCommand.socket(data).getParent()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  /** No other command, and nothing that is no command. */
  @Test
  void whatItDoesNotKnowIsNotAnswered() throws IOException {
    for (String sent :
        List.of("", "{", "null", "{\"command\":\"serve\",\"options\":[]}", "[1]".repeat(40_000))) {
      assertThat(answer(sent)).as(sent.substring(0, Math.min(20, sent.length()))).isEmpty();
    }
    assertThat(key("list").status()).isZero();
  }

  private String answer(String sent) throws IOException {
    try (SocketChannel channel =
        SocketChannel.open(UnixDomainSocketAddress.of(AskedCommand.socket(data)))) {
      try {
        channel.write(ByteBuffer.wrap(sent.getBytes(UTF_8)));
        channel.shutdownOutput();
        return new String(Channels.newInputStream(channel).readAllBytes(), UTF_8);
      } catch (IOException closedBefore) {
        return "";
      }
    }
  }

  @Test
  void aSocketThatIsLeftOrGoneLeavesTheCommandToItself() {
    ServerOptions options = new ServerOptions();
    options.dataDir = data;
    assertThat(options.knownDataDir(Map.of())).contains(data);
    options.dataDir = null;
    assertThat(options.knownDataDir(Map.of("GRAFT_DATA_DIR", "/srv/graft")))
        .contains(Path.of("/srv/graft"));
    assertThat(options.knownDataDir(Map.of("SPRING_DATASOURCE_URL", "jdbc:"))).isEmpty();
    socket.close();
    assertThat(AskedCommand.socket(data)).doesNotExist();
  }
}
