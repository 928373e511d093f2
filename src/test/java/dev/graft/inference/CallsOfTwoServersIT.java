package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.TestProgram;
import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.JoinTokens;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.pg.TwoServers;
import dev.graft.platform.Children;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import dev.graft.worker.TestWorker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chats at one of two servers, answered by a worker that asks the other, or both in turns. */
class CallsOfTwoServersIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String LONG = "a text of many pieces ".repeat(30).strip();
  private static final String MODEL = "two-servers";

  private final TwoServers servers = servers();
  @TempDir Path directory;
  private WarmModels models;
  private ApiClient client;
  private BlobCache blobs;
  private LoopThreads worker;

  TwoServers servers() {
    return TwoServers.shared();
  }

  @BeforeEach
  void aModelAndAKeyThatAWasTold() throws IOException {
    BaseModels catalog = servers.a().get(BaseModels.class);
    if (catalog.find(MODEL).isEmpty()) {
      catalog.register(MODEL, TinyLlama.write(directory.resolve("tiny"), 1));
    }
    String department = servers.a().get(Departments.class).ensure("d-" + UUID.randomUUID());
    String key = servers.a().get(ApiKeys.class).create(department, Caller.Scope.USER).secret();
    client = new ApiClient(servers.b().port(), key);
    FileArtifactStore store = FileArtifactStore.open(directory.resolve("worker"));
    blobs = BlobCache.of(store, new BlobCache.Bounds(1 << 30, 0));
    models =
        new WarmModels(
            servers.a().get(InferenceProperties.class),
            new ModelDirectories(
                ModelDirectories.source(store), directory.resolve("laid"), Duration.ofDays(1)),
            model -> TestProgram.of(Parrot.class, "64m", model.model().toString()),
            Children.AS_GRAFT);
  }

  private void start(WorkerLink link) throws Exception {
    CallLoop.TrainingPriority device = new CallLoop.TrainingPriority(models, true);
    worker = new CallLoop(link, blobs, models, device, Traces.NONE).threads(1);
    worker.start();
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> answer("ready?").equals("ready?"));
  }

  @AfterEach
  void end() {
    if (worker != null) worker.stop();
    models.close();
  }

  private WorkerLink at(TwoServers.Server server) throws IOException {
    String token =
        servers.b().get(JoinTokens.class).create("default", Duration.ofMinutes(5), null).secret();
    return TestWorker.link(directory.resolve("credential"), URI.create(server.url()), token);
  }

  /** As a load balancer does without stickiness. */
  private record InTurns(WorkerLink one, WorkerLink other, AtomicInteger turn)
      implements WorkerLink {
    private WorkerLink next() {
      return turn.getAndIncrement() % 2 == 0 ? one : other;
    }

    @Override
    public Optional<byte[]> post(String path, Object body, Duration deadline) {
      return next().post(path, body, deadline);
    }

    @Override
    public InputStream open(String path) {
      return next().open(path);
    }
  }

  @Test
  void aWorkerThatAsksOneServerAnswersWhatTheOtherIsAsked() throws Exception {
    start(at(servers.a()));
    assertThat(answer("hello")).isEqualTo("hello");
    assertThat(streamed(LONG)).isEqualTo(LONG);
  }

  @Test
  void aWorkerBehindALoadBalancerAnswersInOrder() throws Exception {
    start(new InTurns(at(servers.a()), at(servers.b()), new AtomicInteger()));
    for (int i = 0; i < 3; i++) {
      assertThat(streamed(LONG)).isEqualTo(LONG);
      assertThat(answer("hello " + i)).isEqualTo("hello " + i);
    }
  }

  @Test
  void piecesOfAnAnswerComeWhileItIsMadeAndWhoLeavesFreesTheWorker() throws Exception {
    start(at(servers.a()));
    try (InputStream endless =
            HTTP.send(chat("forever", true), BodyHandlers.ofInputStream()).body();
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(endless, StandardCharsets.UTF_8))) {
      long begun = System.nanoTime();
      for (int i = 0; i < 200; i++) assertThat(lines.readLine()).isNotNull();
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    }
    assertThat(answer("next")).isEqualTo("next");
  }

  private String answer(String content) throws Exception {
    return ApiClient.ok(HTTP.send(chat(content, false), BodyHandlers.ofString()))
        .at("/choices/0/message/content")
        .asString();
  }

  private String streamed(String content) throws Exception {
    return StreamedText.of(HTTP.send(chat(content, true), BodyHandlers.ofInputStream()).body());
  }

  private HttpRequest chat(String content, boolean stream) {
    String body =
        "{\"model\":\"%s\",\"stream\":%s,\"max_tokens\":4000,\"temperature\":0,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
            .formatted(MODEL, stream, content);
    return HttpRequest.newBuilder(
            URI.create("http://127.0.0.1:" + client.port() + "/v1/chat/completions"))
        .header("authorization", "Bearer " + client.key())
        .header("content-type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }
}
