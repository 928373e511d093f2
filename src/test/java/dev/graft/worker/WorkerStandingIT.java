package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.pg.GraftIT;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.mock.env.MockEnvironment;

@GraftIT
@Import(QueueServer.class)
class WorkerStandingIT {
  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer queue;

  @Test
  void aWorkerIsKnownOnceItHasJoinedAndNoWorkIsTaken() throws Exception {
    URI server = URI.create("http://127.0.0.1:" + port);
    assertThat(standing(server)).isEqualTo(new WorkerStanding.NotJoined(server, false));
    MockEnvironment settings =
        settings(server).withProperty("graft.worker.join-token", queue.joinToken());
    assertThat(WorkerStanding.of(settings)).isEqualTo(new WorkerStanding.NotJoined(server, true));
    WorkerCredential.obtain(
        Binder.get(settings).bindOrCreate("graft.worker", WorkerProperties.class), server);
    var job = queue.submit("{\"steps\":1}", directory);
    assertThat(standing(server)).isEqualTo(new WorkerStanding.Accepted(server));
    assertThat(queue.state(job)).isEqualTo("queued");
  }

  @Test
  void aCredentialThatTheServerDoesNotKnowIsRefused() throws IOException {
    URI server = URI.create("http://127.0.0.1:" + port);
    Files.write(
        directory.resolve("credential.json"),
        LeaseWire.write(new LeaseWire.Joined("w_1", "sk-unknown")));
    assertThat(standing(server))
        .isInstanceOfSatisfying(
            WorkerStanding.Refused.class,
            refused -> assertThat(refused.why()).contains("unknown or revoked"));
  }

  @Test
  void aServerThatIsAwayIsUnreachable() throws IOException {
    URI nobody;
    try (ServerSocket socket = new ServerSocket(0)) {
      nobody = URI.create("http://127.0.0.1:" + socket.getLocalPort());
    }
    Files.write(
        directory.resolve("credential.json"), LeaseWire.write(new LeaseWire.Joined("w_1", "sk")));
    assertThat(standing(nobody)).isInstanceOf(WorkerStanding.Unreachable.class);
  }

  @Test
  void theWhiteSpaceAroundATokenIsNoPartOfIt() throws IOException {
    obtain("newline", "join-token", queue.joinToken() + "\n");
    assertThat(directory.resolve("newline/credential.json")).exists();
  }

  @Test
  void workersWithOneFileOfTokensTakeOneEach() throws IOException {
    Path tokens = directory.resolve("tokens");
    Files.writeString(tokens, queue.joinToken() + "\r\n\n" + queue.joinToken() + "\n");
    for (String name : List.of("pod-0", "pod-1")) {
      obtain(name, "join-token-file", tokens.toString());
      assertThat(directory.resolve(name + "/credential.json")).exists();
    }
    assertNotJoined(tokens, "used or expired");
    Files.delete(tokens);
    obtain("pod-0", "join-token-file", tokens.toString());
    assertNotJoined(tokens, "join-token-file " + tokens + " cannot be read");
    Files.write(tokens, new byte[1 << 20]);
    assertNotJoined(tokens, "too large");
  }

  private void assertNotJoined(Path tokens, String why) {
    assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> obtain("pod-2", "join-token-file", tokens.toString()))
        .withMessageContaining(why);
  }

  private void obtain(String name, String property, String value) throws IOException {
    URI server = URI.create("http://127.0.0.1:" + port);
    MockEnvironment settings =
        settings(server)
            .withProperty("graft.worker.directory", directory.resolve(name).toString())
            .withProperty("graft.worker." + property, value);
    WorkerCredential.obtain(
        Binder.get(settings).bindOrCreate("graft.worker", WorkerProperties.class), server);
  }

  private WorkerStanding standing(URI server) throws IOException {
    return WorkerStanding.of(settings(server));
  }

  private MockEnvironment settings(URI server) {
    return new MockEnvironment()
        .withProperty("graft.worker.directory", directory.toString())
        .withProperty("graft.worker.server-url", server.toString());
  }
}
