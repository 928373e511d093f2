package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.graft.client.Connection.LocalLogin;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A key from the server of this machine, which is one's own. */
class LocalLoginTests {
  @TempDir Path directory;
  private Path socket;
  private Path file;

  @BeforeEach
  void paths() throws Exception {
    socket = AskedCommand.socket(directory);
    file = directory.resolve("config/login.json");
    Files.createDirectories(socket.getParent());
  }

  private Map<String, String> environment() {
    return Map.of("GRAFT_DATA_DIR", directory.toString());
  }

  @Test
  void itIsKeptAsAnyOther() throws Exception {
    try (ServerSocketChannel server = listening()) {
      Thread.ofVirtual().start(() -> answer(server));
      assertThat(LocalLogin.make(environment(), file)).hasValue(keyOf("http://127.0.0.1:1"));
    }
    assertThat(Login.kept(file)).hasValue(keyOf("http://127.0.0.1:1"));
  }

  @Test
  void withoutAServerThereIsNone() throws Exception {
    assertThat(LocalLogin.make(environment(), file)).isEmpty();
    listening().close(); // of one that was killed
    assertThat(LocalLogin.make(environment(), file)).isEmpty();
    assertThat(file).doesNotExist();
  }

  /** It would hear what is uploaded to it. */
  @Test
  void anothersServerIsNotAsked() throws Exception {
    assumeTrue(System.getProperty("user.name").equals("root"), "only root gives a file away");
    try (ServerSocketChannel server = listening()) {
      Thread.ofVirtual().start(() -> answer(server));
      Files.setOwner(
          socket,
          socket.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
      assertThat(LocalLogin.make(environment(), file)).isEmpty();
    }
    assertThat(file).doesNotExist();
  }

  private static Login keyOf(String server) {
    return Login.withKey(server, "a-key");
  }

  private ServerSocketChannel listening() throws Exception {
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    return server.bind(UnixDomainSocketAddress.of(socket));
  }

  private static void answer(ServerSocketChannel server) {
    try (SocketChannel caller = server.accept()) {
      AskedCommand asked = AskedCommand.read(Channels.newInputStream(caller));
      assertThat(asked.command()).isEqualTo(LocalLogin.COMMAND);
      AskedCommand.Answer answer = new AskedCommand.Answer(0, "http://127.0.0.1:1\na-key\n", "");
      Channels.newOutputStream(caller).write(answer.json());
    } catch (IOException closed) {
      // nobody asked
    }
  }
}
