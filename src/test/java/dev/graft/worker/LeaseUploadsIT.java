package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.pg.GraftIT;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestPropertySource;

/** What a worker may upload under one lease. */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(
    properties = {"graft.jobs.uploads.max-files=4", "graft.jobs.uploads.max-size=1000B"})
class LeaseUploadsIT {
  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired ArtifactStore store;
  private QueueServer.Submitted job = new QueueServer.Submitted("", "");
  private LeaseProtocol protocol; // set before each test

  @BeforeEach
  void aJobAndAWorker() throws Exception {
    URI url = URI.create("http://127.0.0.1:" + port);
    protocol =
        TestWorker.join(
            TestWorker.settings(directory.resolve("worker"), url.toString(), server.joinToken()),
            url);
    job = server.submit("{}", directory);
  }

  @AfterEach
  void noJobForOthers() {
    server.cancel(job);
  }

  @Test
  void moreBytesThanThatEndTheRunBeforeTheyAreReadAndTheJobSaysWhy() throws Exception {
    LeaseKey key = claim();
    put(key, file("a", 600));
    Path much = file("b", 401);
    try (var log = QueueServer.expectUploadsExceeded()) {
      assertThatExceptionOfType(LeaseRefused.class)
          .isThrownBy(() -> put(key, much))
          .withMessageContaining("413")
          .withMessageContaining("one run may upload 4 files and 1000 bytes");
      assertThat(log.seen()).hasSize(1);
    }
    assertThat(store.stat(BlobRef.of(much).sha256())).isEmpty();
    assertThat(server.state(job)).isEqualTo("failed");
    assertThat(server.failure(job))
        .contains(
            "exceed the upload limit of one run", "training.save_steps", "graft.jobs.uploads");
    assertThatExceptionOfType(LeaseLost.class).isThrownBy(() -> put(key, file("c", 1)));
  }

  @Test
  void moreFilesThanThatEndTheRun() throws Exception {
    LeaseKey key = claim();
    for (int i = 0; i < 4; i++) put(key, file("file-" + i, 10 + i));
    try (var log = QueueServer.expectUploadsExceeded()) {
      assertThatExceptionOfType(LeaseRefused.class).isThrownBy(() -> put(key, file("one more", 1)));
      assertThat(log.seen()).hasSize(1);
    }
    assertThat(server.state(job)).isEqualTo("failed");
  }

  @Test
  void whatDidNotArriveUsesNothingUp() throws Exception {
    LeaseKey key = claim();
    Path file = file("a", 900);
    BlobRef another = new BlobRef(BlobRef.of(file("b", 1)).sha256(), 900);
    for (int i = 0; i < 6; i++) {
      assertThatExceptionOfType(LeaseRefused.class)
          .isThrownBy(() -> protocol.put(key, another, file))
          .withMessageContaining("announced size and digest");
    }
    put(key, file);
    assertThat(server.state(job)).isEqualTo("running");
  }

  @Test
  void theNextRunBeginsAnew() throws Exception {
    LeaseKey first = claim();
    put(first, file("a", 900));
    protocol.release(first);
    put(claim(), file("b", 901));
    assertThat(server.state(job)).isEqualTo("running");
  }

  private LeaseKey claim() throws IOException {
    return protocol
        .claim(Device.UNKNOWN, Duration.ofSeconds(10), UUID.randomUUID())
        .orElseThrow()
        .key();
  }

  private Path file(String name, int bytes) throws IOException {
    return Files.write(directory.resolve(name), new byte[bytes]);
  }

  private void put(LeaseKey key, Path file) throws IOException {
    protocol.put(key, BlobRef.of(file), file);
  }
}
