package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.pg.GraftIT;
import dev.graft.platform.TestCertificate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** A server with the settings of docs/tls.md, and its workers. */
@GraftIT
@Import(QueueServer.class)
class TlsIT {
  // The server, which is there for longer than this class, watches it.
  @TempDir(cleanup = CleanupMode.NEVER)
  static Path certificates;

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;

  @DynamicPropertySource
  static void tls(DynamicPropertyRegistry settings) throws Exception {
    renew("first");
    String bundle = "spring.ssl.bundle.pem.graft.";
    settings.add("server.ssl.bundle", () -> "graft");
    settings.add(bundle + "reload-on-update", () -> "true");
    settings.add("spring.ssl.bundle.watch.file.quiet-period", () -> "300ms");
    settings.add(
        bundle + "keystore.certificate", () -> certificates.resolve("tls.crt").toUri().toString());
    settings.add(
        bundle + "keystore.private-key", () -> certificates.resolve("tls.key").toUri().toString());
  }

  /** By another key of another authority, in the same two files. */
  private static void renew(String name) throws Exception {
    TestCertificate.in(Files.createDirectory(certificates.resolve(name))).write(certificates);
    Files.copy(certificates.resolve("tls.crt"), certificates.resolve(name + ".pem"));
  }

  @Test
  void aWorkerThatTrustsTheAuthorityJoinsAndAsksForWorkAlsoAfterARenewal() throws Exception {
    Path first = certificates.resolve("first.pem");
    LeaseProtocol worker = join("trusting", first, server.joinToken());
    assertThat(worker.claim(Device.UNKNOWN, Duration.ZERO, UUID.randomUUID())).isEmpty();

    renew("second");
    Path second = certificates.resolve("second.pem");
    await()
        .ignoreException(UncheckedIOException.class)
        .until(
            () ->
                join("trusting", second, "")
                    .claim(Device.UNKNOWN, Duration.ZERO, UUID.randomUUID()),
            Optional::isEmpty);
    assertUntrusted(first);
  }

  @Test
  void aWorkerSendsItsTokenToNoServerThatNobodyVouchesFor() {
    assertUntrusted(null);
  }

  private void assertUntrusted(@Nullable Path authorities) {
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> join("careful", authorities, "token"))
        .withCauseInstanceOf(SSLHandshakeException.class);
  }

  private LeaseProtocol join(String name, @Nullable Path authorities, String token)
      throws IOException {
    String url = "https://127.0.0.1:" + port;
    WorkerProperties settings =
        TestWorker.settings(directory.resolve(name), url, authorities, token);
    URI uri = URI.create(url);
    return new HttpLeaseProtocol(
        new WorkerHttp(uri, WorkerCredential.obtain(settings, uri), settings),
        settings.callTimeout());
  }
}
