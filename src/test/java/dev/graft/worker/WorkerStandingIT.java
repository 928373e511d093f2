package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.queue.QueueServer;
import dev.graft.pg.GraftIT;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private WorkerStanding standing(URI server) throws IOException {
    return WorkerStanding.of(settings(server));
  }

  private MockEnvironment settings(URI server) {
    return new MockEnvironment()
        .withProperty("graft.worker.directory", directory.toString())
        .withProperty("graft.worker.server-url", server.toString());
  }
}
