package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.graft.ExpectedLog;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Forwarder;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.pg.BucketStore;
import dev.graft.pg.FreshDatabase;
import dev.graft.pg.GraftIT;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.ContextConfiguration;
import org.springframework.test.context.TestPropertySource;

/** Uploads of workers that go to the bucket, on a real S3 server. */
@GraftIT
@Import(QueueServer.class)
@ContextConfiguration(initializers = {FreshDatabase.class, BucketStore.class})
@TestPropertySource(
    properties = {
      "graft.artifacts.s3.redirect-workers=true",
      "graft.artifacts.s3.link-lifetime=5s",
      "graft.jobs.uploads.max-size=3MB",
    })
class DirectUploadsIT {
  private static final int LARGE = 2 << 20;

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired ArtifactStore store;
  @Autowired JdbcClient sql;
  private final HttpClient client = HttpClient.newHttpClient();
  private QueueServer.Submitted job = new QueueServer.Submitted("", "");
  private String credential = "";
  private LeaseKey key; // set before each test

  @BeforeEach
  void aLease() throws Exception {
    job = server.submit("{}", directory);
    WorkerProperties settings =
        TestWorker.settings(directory.resolve("worker"), url().toString(), server.joinToken());
    credential = WorkerCredential.obtain(settings, url());
    key =
        protocol(url())
            .claim(Device.UNKNOWN, Duration.ofSeconds(10), UUID.randomUUID())
            .orElseThrow()
            .key();
  }

  @AfterEach
  void noJobForOthers() {
    server.cancel(job);
  }

  /** A server that stalls after a few bytes would never have it. */
  @Test
  void whatAWorkerUploadsGoesToTheBucketAndNotThroughTheServer() throws Exception {
    Path file = file("a", LARGE);
    try (Forwarder narrow = Forwarder.stallingAfter(url(), LARGE / 20)) {
      HttpLeaseProtocol worker = protocol(narrow.endpoint());
      worker.put(key, BlobRef.of(file), file);
      assertThat(worker.open(key, BlobRef.of(file).sha256()).readAllBytes())
          .isEqualTo(Files.readAllBytes(file));
    }
    assertThat(store.stat(BlobRef.of(file).sha256())).contains(BlobRef.of(file));
    assertThat(counted()).isEqualTo("1 " + LARGE);
  }

  @Test
  void otherBytesThanThoseOfTheLinkBecomeNoBlob() throws Exception {
    BlobRef blob = BlobRef.of(file("b", 100));
    LeaseWire.UploadTo link = link(blob);
    assertThat(put(link, file("longer", 101))).isEqualTo(403);
    Path another = file("another", 100, (byte) 1);
    LeaseWire.UploadTo changed =
        new LeaseWire.UploadTo(link.url(), link(BlobRef.of(another)).headers());
    assertThat(put(changed, another)).as("its SHA-256 is signed").isEqualTo(403);
    int status = put(link, another);
    assertThat(status).as("bytes of another SHA-256").isEqualTo(400);
    assertThat(tell(blob, "/arrived").statusCode()).isIn(404, 422);
    assertThat(store.stat(blob.sha256())).isEmpty();
  }

  @Test
  void aLostLeaseMakesNothingOfWhatItPut() throws Exception {
    Path file = file("c", 100);
    BlobRef blob = BlobRef.of(file);
    assertThat(put(link(blob), file)).isEqualTo(200);
    protocol(url()).release(key);
    HttpResponse<byte[]> late = tell(blob, "/arrived");
    assertThat(late.statusCode()).isEqualTo(409);
    assertThat(WorkerHttp.refusal(late.body()).code()).isEqualTo(LeaseWire.LEASE_LOST);
    assertThat(tell(blob, "/link").statusCode()).isEqualTo(409);
    assertThat(store.stat(blob.sha256())).isEmpty();
  }

  @Test
  void aLinkThatHasEndedIsAskedForAgainAndCountsOnce() throws Exception {
    Path file = file("d", 1000);
    BlobRef blob = BlobRef.of(file);
    LeaseWire.UploadTo old = link(blob);
    await().atMost(Duration.ofSeconds(30)).until(() -> put(old, file) == 403);
    assertThat(put(link(blob), file)).isEqualTo(200);
    assertThat(tell(blob, "/arrived").statusCode()).isEqualTo(204);
    assertThat(tell(blob, "/arrived").statusCode()).as("its answer was lost").isEqualTo(204);
    assertThat(counted()).isEqualTo("1 1000");
  }

  /** A link that S3 refuses, as one that has ended: between worker and server it is spoilt. */
  @Test
  void theWorkerAsksOnceMoreAndThenSendsToTheServer() throws Exception {
    Path once = file("h", 1000);
    Path always = file("i", 1000);
    try (LinkSpoiler between = LinkSpoiler.before(url());
        var log = ExpectedLog.of(HttpLeaseProtocol.DirectUploads.class, "direct_upload_failed")) {
      HttpLeaseProtocol worker = protocol(between.url());
      between.spoil(1);
      worker.put(key, BlobRef.of(once), once);
      assertThat(log.seen()).hasSize(1);
      assertThat(between.uploaded()).isZero();
      between.spoil(2);
      worker.put(key, BlobRef.of(always), always);
      assertThat(log.seen()).hasSize(3);
      assertThat(between.uploaded()).isEqualTo(1000);
    }
    for (Path file : List.of(once, always)) {
      assertThat(store.stat(BlobRef.of(file).sha256())).contains(BlobRef.of(file));
    }
  }

  @Test
  void moreThanOneRunMayUploadGetsNoLinkAndEndsIt() throws Exception {
    Path much = file("e", 4 << 20);
    try (var log = QueueServer.expectUploadsExceeded()) {
      assertThatExceptionOfType(LeaseRefused.class)
          .isThrownBy(() -> protocol(url()).put(key, BlobRef.of(much), much))
          .withMessageContaining("413");
      assertThat(log.seen()).hasSize(1);
    }
    assertThat(server.state(job)).isEqualTo("failed");
  }

  @Test
  void whatIsNeverSaidToBeThereIsRemovedAfterADay() throws Exception {
    Path file = file("f", 100);
    BlobRef blob = BlobRef.of(file);
    assertThat(put(link(blob), file)).isEqualTo(200);
    store.removeUnfinished(Clock.systemUTC().instant());
    store.removeUnfinished(Clock.systemUTC().instant().plus(Duration.ofDays(2)));
    assertThat(tell(blob, "/arrived").statusCode()).isEqualTo(404);
    assertThat(store.stat(blob.sha256())).isEmpty();
  }

  @Test
  void aWorkerOfTheLastReleaseStillSendsToTheServer() throws Exception {
    Path file = file("g", 100);
    BlobRef blob = BlobRef.of(file);
    HttpRequest old = about(blob, "").PUT(BodyPublishers.ofFile(file)).build();
    assertThat(client.send(old, BodyHandlers.discarding()).statusCode()).isEqualTo(204);
    assertThat(store.stat(blob.sha256())).contains(blob);
    assertThat(tell(BlobRef.of(file("never", 7)), "/arrived").statusCode()).isEqualTo(422);
  }

  private URI url() {
    return URI.create("http://127.0.0.1:" + port);
  }

  private HttpLeaseProtocol protocol(URI through) {
    WorkerProperties settings =
        TestWorker.settings(directory.resolve("worker"), through.toString(), "");
    return new HttpLeaseProtocol(
        new WorkerHttp(through, credential, settings), settings.callTimeout());
  }

  private Path file(String name, int bytes) throws Exception {
    return file(name, bytes, (byte) 0);
  }

  private Path file(String name, int bytes, byte last) throws Exception {
    byte[] content = new byte[bytes];
    content[0] = (byte) name.charAt(0);
    content[bytes - 1] = last;
    return Files.write(directory.resolve(name), content);
  }

  private HttpRequest.Builder about(BlobRef blob, String what) {
    return HttpRequest.newBuilder(
            URI.create(
                url()
                    + LeaseWire.PATH
                    + "/leases/%s/blobs/%s%s".formatted(key.jobId(), blob.sha256(), what)))
        .header("authorization", "Bearer " + credential)
        .header("graft-protocol", "4")
        .header(LeaseWire.LEASE_HEADER, LeaseWire.header(key));
  }

  private HttpResponse<byte[]> tell(BlobRef blob, String what) throws Exception {
    byte[] body = LeaseWire.write(new LeaseWire.OfferedUpload(blob.bytes()));
    return client.send(
        about(blob, what).POST(BodyPublishers.ofByteArray(body)).build(),
        BodyHandlers.ofByteArray());
  }

  private LeaseWire.UploadTo link(BlobRef blob) throws Exception {
    HttpResponse<byte[]> answer = tell(blob, "/link");
    assertThat(answer.statusCode()).isEqualTo(200);
    return LeaseWire.read(answer.body(), LeaseWire.UploadTo.class);
  }

  private int put(LeaseWire.UploadTo to, Path file) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(to.url())).PUT(BodyPublishers.ofFile(file));
    to.headers().forEach(request::header);
    return client.send(request.build(), BodyHandlers.discarding()).statusCode();
  }

  private String counted() {
    return sql.sql("select uploads || ' ' || uploaded_bytes from job_lease where job_id = ?")
        .param(job.id())
        .query(String.class)
        .single();
  }
}
