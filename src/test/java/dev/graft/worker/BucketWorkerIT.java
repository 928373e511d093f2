package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.S3Server;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.pg.BucketStore;
import dev.graft.pg.FreshDatabase;
import dev.graft.pg.GraftIT;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.TestPropertySource;

/** Workers of a server whose artifacts lie in a bucket: they read and write there. */
@GraftIT
@Import(QueueServer.class)
@ContextConfiguration(initializers = {FreshDatabase.class, BucketStore.class})
@TestPropertySource(
    properties = {"graft.artifacts.s3.redirect-workers=true", "graft.jobs.claim-poll=100ms"})
class BucketWorkerIT {
  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;

  private String url() {
    return "http://127.0.0.1:" + port;
  }

  @Test
  void aWorkerProcessTrainsWithWhatItReadsThere() throws Exception {
    Submitted job = server.submit("{\"steps\":6,\"save_steps\":2}", directory);
    Process worker = TestWorker.start(directory.resolve("one"), url(), server.joinToken());
    try {
      await().atMost(Duration.ofSeconds(90)).until(() -> server.state(job).equals("succeeded"));
    } finally {
      worker.destroyForcibly().waitFor();
      server.awaitNoRequests();
    }
    assertThat(server.result(job, "adapter_model.safetensors"))
        .isEqualTo(FakeTrainer.result(42, QueueServer.DATA, 6));
    assertThat(server.failures(job)).isZero();
    assertThat(server.violations()).isEmpty();
  }

  @Test
  void onlyAWorkerThatSaysThatItFollowsIsSentAwayAndOnlyToWhatItsLeaseNames() throws Exception {
    Submitted job = server.submit("{}", directory);
    WorkerProperties settings =
        TestWorker.settings(directory.resolve("two"), url(), server.joinToken());
    String credential = WorkerCredential.obtain(settings, URI.create(url()));
    HttpLeaseProtocol protocol =
        new HttpLeaseProtocol(
            new WorkerHttp(URI.create(url()), credential, settings), settings.callTimeout());
    Lease lease = protocol.claim(Device.UNKNOWN, Duration.ZERO, UUID.randomUUID()).orElseThrow();
    String data = lease.trainingFile().hex();
    HttpResponse<String> sent = blob(lease, credential, data, true);
    assertThat(sent.statusCode()).isEqualTo(302);
    URI link = URI.create(sent.headers().firstValue("location").orElseThrow());
    assertThat(link.getPort()).isEqualTo(S3Server.shared().endpoint().getPort());
    assertThat(
            HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(link).build(), BodyHandlers.ofString())
                .body())
        .isEqualTo(QueueServer.DATA);
    HttpResponse<String> old = blob(lease, credential, data, false);
    assertThat(old.statusCode()).isEqualTo(200);
    assertThat(old.body()).isEqualTo(QueueServer.DATA);
    assertThat(blob(lease, credential, "0".repeat(64), true).statusCode()).isEqualTo(422);
    protocol.release(lease.key());
    server.cancel(job);
  }

  private HttpResponse<String> blob(Lease lease, String credential, String digest, boolean follows)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create(
                    url() + LeaseWire.PATH + "/leases/" + lease.key().jobId() + "/blobs/" + digest))
            .header("authorization", "Bearer " + credential)
            .header("graft-protocol", "4")
            .header(LeaseWire.LEASE_HEADER, LeaseWire.header(lease.key()));
    if (follows) request.header(LeaseWire.FOLLOWS_HEADER, "1");
    return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
  }
}
