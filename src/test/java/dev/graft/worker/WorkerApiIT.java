package dev.graft.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.graft.ExpectedLog;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.ProtocolVersion;
import dev.graft.pg.GraftIT;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.Traces;
import dev.graft.training.RunRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

@GraftIT
@Import(QueueServer.class)
class WorkerApiIT {
  private static final Device CPU = new Device("cpu", null);
  private static final JobRun.RunTimes TIMES =
      new JobRun.RunTimes(Duration.ofMillis(50), Duration.ofSeconds(10), Duration.ofMillis(200));

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired QueueServer server;
  @Autowired JdbcClient sql;
  private HttpLeaseProtocol protocol; // set before each test

  @BeforeEach
  void aWorkerThatJoined() throws IOException {
    protocol = join("worker", server.joinToken());
  }

  @Test
  void joinTokenWorksOnceAndTheCredentialIsKeptForTheOwnerAlone() throws IOException {
    String token = server.joinToken();
    join("first", token);
    assertThatExceptionOfType(MachineLacks.class).isThrownBy(() -> join("second", token));
    assertThatExceptionOfType(MachineLacks.class).isThrownBy(() -> join("third", ""));
    join("first", "");
    Path kept = directory.resolve("first/credential.json");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
        .isEqualTo("rw-------");
  }

  @Test
  void withoutAWorkersCredentialNothingOpens() throws Exception {
    for (String bearer : List.of("", "Bearer sk-graft-nothing", "Bearer graft-worker-nothing")) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(url() + "/worker/v1/leases"))
              .POST(HttpRequest.BodyPublishers.ofString("{\"wait_ms\":0}"));
      if (!bearer.isEmpty()) request.header("authorization", bearer);
      HttpResponse<String> response =
          HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).isEqualTo(401);
      assertThat(response.headers().firstValue("x-should-retry")).hasValue("false");
      assertThat(response.body()).contains("\"code\":\"worker_unknown\"");
    }
  }

  @ParameterizedTest
  @CsvSource({"'', upgrade_worker", "1, upgrade_worker", "99, upgrade_server", "x, upgrade_worker"})
  void aWorkerOfAnotherReleaseGetsNoWorkAndHearsWhoMustBeUpgraded(String version, String code)
      throws Exception {
    WorkerProperties settings = TestWorker.settings(directory.resolve("worker"), url(), "");
    String credential = WorkerCredential.obtain(settings, URI.create(url()));
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url() + "/worker/v1/leases"))
            .header("authorization", "Bearer " + credential)
            .POST(HttpRequest.BodyPublishers.ofString("{\"wait_ms\":0}"));
    if (!version.isEmpty()) request.header(ProtocolVersion.HEADER, version);
    HttpResponse<String> response =
        HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(426);
    assertThat(response.body()).contains(code, "upgrade the " + code.replace("upgrade_", ""));
    assertThat(response.headers().firstValue(ProtocolVersion.HEADER))
        .hasValue(Integer.toString(ProtocolVersion.CURRENT));
  }

  @Test
  void theServerKnowsWhatTheDevicesOfAWorkerHold() {
    for (Device device :
        List.of(new Device("large", 9_000L), new Device("large", 7_000L), Device.UNKNOWN)) {
      protocol
          .claim(device, Duration.ZERO, UUID.randomUUID())
          .ifPresent(other -> protocol.release(other.key()));
    }
    assertThat(
            sql.sql("select memory_bytes from worker_device where name = 'large'")
                .query(Long.class)
                .single())
        .isEqualTo(7_000);
    assertThat(
            sql.sql("select count(*) from worker_device where name = '' and memory_bytes is null")
                .query(Integer.class)
                .single())
        .isPositive();
  }

  @Test
  void aClaimThatIsRepeatedGetsTheSameLeaseAndNobodyElses() throws IOException {
    QueueServer.Submitted job = server.submit("{}", directory);
    UUID request = UUID.randomUUID();
    Lease lost = protocol.claim(Device.UNKNOWN, Duration.ZERO, request).orElseThrow();
    Lease again = protocol.claim(Device.UNKNOWN, Duration.ZERO, request).orElseThrow();
    assertThat(again.key()).isEqualTo(lost.key());
    HttpLeaseProtocol other = join("other", server.joinToken());
    assertThat(other.claim(Device.UNKNOWN, Duration.ZERO, request)).isEmpty();
    protocol.release(again.key());
    Lease next = protocol.claim(Device.UNKNOWN, Duration.ZERO, request).orElseThrow();
    assertThat(next.key().epoch()).isGreaterThan(lost.key().epoch());
    protocol.decline(next.key());
    server.cancel(job);
  }

  @Test
  void aWorkerWhoseClaimsAnswerWasLostLosesNoJob() throws Exception {
    QueueServer.Submitted job = server.submit("{\"steps\":3}", directory);
    AtomicInteger lost = new AtomicInteger();
    LeaseProtocol unlucky =
        (LeaseProtocol)
            Proxy.newProxyInstance(
                LeaseProtocol.class.getClassLoader(),
                new Class<?>[] {LeaseProtocol.class},
                (proxy, method, arguments) -> {
                  try {
                    Object answer = method.invoke(protocol, arguments);
                    boolean claimed =
                        method.getName().equals("claim") && !answer.equals(Optional.empty());
                    if (!claimed || lost.getAndIncrement() > 0) return answer;
                  } catch (InvocationTargetException failed) {
                    throw failed.getCause();
                  }
                  throw new UncheckedIOException(new IOException("the answer is lost"));
                });
    WorkerProperties settings = TestWorker.settings(directory.resolve("worker"), url(), "");
    try (FileArtifactStore store = FileArtifactStore.open(directory.resolve("unlucky"));
        var log = ExpectedLog.of(WorkerLoop.class, "claim_unanswered")) {
      LoopThreads worker = WorkerLoop.threads(List.of(TestWorker.loop(settings, unlucky, store)));
      worker.start();
      await().atMost(Duration.ofSeconds(60)).until(() -> server.state(job).equals("succeeded"));
      worker.stop();
      assertThat(log.seen()).isNotEmpty();
    }
    assertThat(server.attempts(job)).containsOnlyOnce("\"number\"").contains("completed");
  }

  /** A server from before there was a number, which hands out a lease without asking. */
  @Test
  void aWorkerGivesBackWhatAnOlderServerHandsOut() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    Lease lease = claim(job);
    protocol.release(lease.key());
    server.cancel(job);
    List<String> asked = new CopyOnWriteArrayList<>();
    HttpServer old = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    old.createContext(
        "/",
        exchange -> {
          String path = exchange.getRequestURI().getPath();
          asked.add(path);
          byte[] body = path.endsWith("/leases") ? LeaseWire.write(lease) : "{}".getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
          }
        });
    old.start();
    try {
      URI uri = URI.create("http://127.0.0.1:" + old.getAddress().getPort());
      WorkerProperties settings = TestWorker.settings(directory.resolve("old"), url(), "");
      HttpLeaseProtocol worker =
          new HttpLeaseProtocol(new WorkerHttp(uri, "x", settings), settings.callTimeout());
      assertThatExceptionOfType(LeaseRefused.class)
          .isThrownBy(() -> worker.claim(Device.UNKNOWN, Duration.ZERO, UUID.randomUUID()))
          .withMessageContaining("upgrade the server");
    } finally {
      old.stop(0);
    }
    assertThat(asked).hasSize(2).last().asString().endsWith("/release");
  }

  @Test
  void leaseReadsOnlyWhatItNamesAndItsManifestsNameOnlyWhatItUploaded() throws IOException {
    QueueServer.Submitted job = server.submit("{}", directory);
    QueueServer.Submitted other = server.submit("{\"other\":1}", directory);
    Lease lease = claim(job);
    assertThat(read(lease.key(), lease.trainingFile())).isEqualTo(QueueServer.DATA);
    assertThat(read(lease.key(), lease.baseManifest())).contains("config.json");

    Path file = Files.writeString(directory.resolve("foreign.txt"), "foreign");
    Digest foreign = Digest.of("foreign".getBytes(StandardCharsets.UTF_8));
    Lease others = claim(other);
    protocol.put(others.key(), new BlobRef(foreign, 7), file);
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> protocol.open(lease.key(), foreign));
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(
            () ->
                protocol.checkpoint(
                    lease.key(), new CheckpointReport(1, foreign, Map.of(), null, null)));
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> protocol.put(lease.key(), new BlobRef(lease.trainingFile(), 7), file));
    protocol.release(lease.key());
    protocol.release(others.key());
    server.cancel(job);
    server.cancel(other);
  }

  @Test
  void aJobThatContinuesGetsTheFilesThatItStartsFromAndNoOthers() throws IOException {
    Path earlier = Files.createDirectories(directory.resolve("earlier/merged"));
    Files.writeString(earlier.resolve("model.safetensors"), "large");
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors", "README.md")) {
      Files.writeString(earlier.resolveSibling(name), name);
    }
    QueueServer.Submitted job = server.submitContinued(earlier.getParent(), directory);
    Lease lease = claim(job);
    FileArtifactStore store = FileArtifactStore.open(directory.resolve("worker-store"));
    RunPreparation preparation = TestWorker.preparation(store, protocol, directory);
    RunRequest request = preparation.request(lease, preparation.directory(lease), CPU, () -> false);
    Path start = Objects.requireNonNull(Objects.requireNonNull(request.parent()).directory());
    assertThat(start).isDirectory();
    try (Stream<Path> files = Files.list(start)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors");
    }
    assertThat(store.stat(Digest.of("large".getBytes(StandardCharsets.UTF_8)))).isEmpty();
    protocol.release(lease.key());
    server.cancel(job);
  }

  @Test
  void aRunIsForTheDeviceThatAskedForItWhichItsTrainerCallsTheFirst() throws Exception {
    QueueServer.Submitted job = server.submit("{\"steps\":1,\"device\":\"cuda:0\"}", directory);
    run(claim(job), new Device("cuda:1", null), TestWorker.fakeTrainer());
    assertThat(server.state(job)).isEqualTo("succeeded");
  }

  @Test
  void staleLeaseIsLostForEveryCall() throws IOException {
    QueueServer.Submitted job = server.submit("{}", directory);
    Lease lease = claim(job);
    assertThat(protocol.renew(lease.key(), LeaseReport.empty(1)))
        .isEqualTo(new Directive.Continue());
    LeaseKey stale = new LeaseKey(job.id(), lease.key().epoch(), UUID.randomUUID());
    for (Runnable call :
        List.<Runnable>of(
            () -> protocol.renew(stale, LeaseReport.empty(2)),
            () -> protocol.release(stale),
            () -> protocol.open(stale, lease.trainingFile()))) {
      assertThatExceptionOfType(LeaseLost.class).isThrownBy(call::run);
    }
    protocol.release(lease.key());
    assertThat(server.state(job)).isEqualTo("queued");
    server.cancel(job);
  }

  @Test
  void whatFailsOnTheWorkersMachineIsLoggedWithItsPlaceAndTriedAgain() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    TrainerCommandLine missing = new TrainerCommandLine(List.of("/nowhere/trainer"));
    try (var log = ExpectedLog.of(JobRun.class, "run_failed_here")) {
      run(claim(job), CPU, missing);
      assertThat(log.traces()).singleElement().asString().contains("TrainerProcess.start");
    }
    assertThat(server.failures(job)).isOne();
    server.cancel(job);
  }

  /** Other jobs of this class are cancelled, so the next one is this. */
  private Lease claim(QueueServer.Submitted job) {
    Lease lease =
        protocol.claim(Device.UNKNOWN, Duration.ofSeconds(5), UUID.randomUUID()).orElseThrow();
    assertThat(server.state(job)).isIn("running", "queued");
    return lease;
  }

  private void run(Lease lease, Device device, TrainerCommandLine trainer) throws Exception {
    JobRun run =
        new JobRun(
            lease,
            new TrainerDevices.TrainerDevice(device, trainer, TrainerDevices.DeviceMeter.NONE),
            protocol,
            TIMES,
            new StopTimes(directory),
            RunTrace.begin(Traces.NONE, lease));
    TestWorker.run(run, protocol, directory);
  }

  private String read(LeaseKey key, Digest digest) throws IOException {
    try (InputStream in = protocol.open(key, digest)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private HttpLeaseProtocol join(String name, String token) throws IOException {
    WorkerProperties settings = TestWorker.settings(directory.resolve(name), url(), token);
    return TestWorker.join(settings, URI.create(url()));
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }
}
