package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.pg.GraftIT;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.Secrets;
import dev.graft.worker.WorkerCredential.CredentialFile;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A worker renews its credential by itself. */
@GraftIT
@Import(QueueServer.class)
class RenewedCredentialIT {
  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired JdbcClient sql;
  private WorkerProperties settings = TestWorker.settings(Path.of("none"), "", "");
  private LeaseProtocol protocol = showing("");
  private Path file = Path.of("none");

  @BeforeEach
  void aWorkerWhoseCredentialEndsSoon() throws Exception {
    settings = TestWorker.settings(directory.resolve("worker"), url(), server.joinToken());
    file = CredentialFile.of(settings);
    protocol = TestWorker.join(settings, URI.create(url()));
    sql.sql(
            "update worker set credential_expires_at = graft_now() + :left::interval where id ="
                + " :id")
        .param("left", "1 day")
        .param("id", kept().workerId())
        .update();
  }

  @Test
  void anotherOneIsKeptAndShownBeforeTheEnd() throws Exception {
    CredentialFile old = kept();
    showsAnother();
    assertThat(kept().credential()).isNotEqualTo(old.credential());
    assertThat(kept().next()).isNull();
    assertThat(kept().workerId()).isEqualTo(old.workerId());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> claim(showing(old.credential())))
        .withMessageContaining("401");
  }

  @Test
  void afterALostAnswerTheSameOneIsAskedForAgain() throws Exception {
    String next = Secrets.next(LeaseWire.CREDENTIAL_PREFIX);
    CredentialFile proposed = kept().proposing(next);
    proposed.write(file);
    new WorkerHttp(URI.create(url()), proposed.credential(), settings)
        .post("/credential", new LeaseWire.RenewRequest(next), Duration.ofSeconds(10));
    showsAnother();
    assertThat(kept().credential()).isEqualTo(next);
  }

  @Test
  void aProcessThatSharesTheDirectoryTakesOverWhatTheOtherGot() throws Exception {
    LeaseProtocol other = TestWorker.join(settings, URI.create(url()));
    showsAnother();
    claim(other);
  }

  @Test
  void afterItsEndAWorkerJoinsAgainIfItHasATokenThatIsGood() throws Exception {
    String old = kept().credential();
    WorkerProperties used = settings;
    assertThat(WorkerCredential.obtain(used, URI.create(url()))).isEqualTo(old);
    sql.sql("update worker set credential_expires_at = graft_now() where id = :id")
        .param("id", kept().workerId())
        .update();
    assertThatExceptionOfType(MachineLacks.class)
        .isThrownBy(() -> WorkerCredential.obtain(used, URI.create(url())))
        .withMessageContaining("used or expired");
    WorkerProperties again =
        TestWorker.settings(directory.resolve("worker"), url(), server.joinToken());
    claim(TestWorker.join(again, URI.create(url())));
    assertThat(kept().credential()).isNotEqualTo(old);
  }

  /** As a worker of an earlier release, which skips what it does not know. */
  @Test
  void aWorkerThatDoesNotRenewWorksUntilTheEnd() throws Exception {
    String credential = kept().credential();
    LeaseProtocol earlier = showing(credential);
    claim(earlier);
    claim(earlier);
    assertThat(kept().credential()).isEqualTo(credential);
    assertThat(LeaseWire.read(Files.readAllBytes(file), LeaseWire.Joined.class).credential())
        .isEqualTo(credential);
  }

  /** Asks until what it shows is good for longer. */
  private void showsAnother() {
    await()
        .until(
            () -> {
              claim(protocol);
              return daysLeft() >= 29;
            });
  }

  private LeaseProtocol showing(String credential) {
    return new HttpLeaseProtocol(
        new WorkerHttp(URI.create(url()), credential, settings), settings.callTimeout());
  }

  private static void claim(LeaseProtocol protocol) throws Exception {
    protocol
        .claim(Device.UNKNOWN, Duration.ZERO, UUID.randomUUID())
        .ifPresent(lease -> protocol.release(lease.key()));
  }

  private CredentialFile kept() throws Exception {
    return CredentialFile.read(file);
  }

  private int daysLeft() throws Exception {
    return sql.sql(
            "select extract(day from credential_expires_at - graft_now()) from worker where id ="
                + " :id")
        .param("id", kept().workerId())
        .query(Integer.class)
        .single();
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }
}
