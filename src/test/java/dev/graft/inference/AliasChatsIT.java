package dev.graft.inference;

import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.TestProgram;
import dev.graft.adapters.PublishedAdapters;
import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.catalog.BaseModels;
import dev.graft.inference.CallLoop.TrainingPriority;
import dev.graft.jobs.JoinTokens;
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
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Chats with an alias at two servers, answered by a worker, while people move it. */
class AliasChatsIT {
  private static final String BASE = "alias-chats";
  private static final int CHATS = 1000;
  private static final int MOVES = 20;

  private final TwoServers servers = TwoServers.shared();
  @TempDir Path directory;
  private final Map<String, String> saysByModel = new TreeMap<>();
  private final List<String> models = new ArrayList<>();
  private ApiClient a = new ApiClient(0, "");
  private ApiClient b = new ApiClient(0, "");
  private WarmModels processes;
  private LoopThreads worker;

  @BeforeEach
  void twoVersionsAndAWorker() throws Exception {
    BaseModels catalog = servers.a().get(BaseModels.class);
    if (catalog.find(BASE).isEmpty()) {
      catalog.register(BASE, TinyLlama.write(directory.resolve("tiny"), 1));
    }
    String department = servers.a().get(Departments.class).ensure("d-" + UUID.randomUUID());
    String key = servers.a().get(ApiKeys.class).create(department, Caller.Scope.USER).secret();
    a = new ApiClient(servers.a().port(), key);
    b = new ApiClient(servers.b().port(), key);
    PublishedAdapters published = servers.a().make(PublishedAdapters.class);
    for (String version : List.of("one ", "two ")) {
      String model = published.publishOn(BASE, department, version.repeat(20)).model();
      models.add(model);
      saysByModel.put(model, version.repeat(20));
    }
    ok(a.post("/v1/aliases", "{'name': 'prod', 'model': '" + models.getFirst() + "'}"));
    FileArtifactStore store = FileArtifactStore.open(directory.resolve("worker"));
    processes =
        new WarmModels(
            servers.a().get(InferenceProperties.class),
            new ModelDirectories(
                ModelDirectories.source(store), directory.resolve("laid"), Duration.ofDays(1)),
            model -> TestProgram.of(Parrot.class, "64m", model.model().toString()),
            Children.AS_GRAFT);
    String token =
        servers.b().get(JoinTokens.class).create("default", Duration.ofMinutes(5), null).secret();
    worker =
        new CallLoop(
                TestWorker.link(
                    directory.resolve("credential"), URI.create(servers.a().url()), token),
                BlobCache.of(store, new BlobCache.Bounds(1 << 30, 0)),
                processes,
                new TrainingPriority(processes, true),
                Traces.NONE)
            .threads(4);
    worker.start();
    await().atMost(Duration.ofSeconds(60)).until(() -> chat(b).statusCode() == 200);
  }

  @AfterEach
  void end() {
    worker.stop();
    processes.close();
  }

  private static HttpResponse<String> chat(ApiClient client) throws Exception {
    return client.post(
        "/v1/chat/completions",
        "{'model': 'prod', 'max_tokens': 200, 'temperature': 0,"
            + " 'messages': [{'role': 'user', 'content': 'who are you?'}]}");
  }

  /** Returns the version that has answered, all of it. */
  private String version(HttpResponse<String> response) {
    JsonNode answer = ok(response);
    String version = response.headers().firstValue("x-graft-model").orElseThrow();
    assertThat(text(answer, "model")).isEqualTo("prod");
    assertThat(answer.at("/choices/0/message/content").asString())
        .isEqualTo(saysByModel.get(version));
    return version;
  }

  @Test
  void everyChatIsAnsweredByOneVersionWhileTheAliasMoves() throws Exception {
    AtomicInteger answered = new AtomicInteger();
    Map<String, Integer> byVersion = new TreeMap<>();
    try (ExecutorService clients = Executors.newFixedThreadPool(6)) {
      List<Future<String>> chats = new ArrayList<>();
      for (int i = 0; i < CHATS; i++) {
        ApiClient client = i % 2 == 0 ? a : b;
        chats.add(
            clients.submit(
                () -> {
                  String version = version(chat(client));
                  answered.incrementAndGet();
                  return version;
                }));
      }
      for (int move = 1; move <= MOVES; move++) {
        int before = move * CHATS / (MOVES + 2);
        await().atMost(Duration.ofMinutes(2)).until(() -> answered.get() >= before);
        ok(
            (move % 2 == 0 ? a : b)
                .post("/v1/aliases/prod", "{'model': '" + models.get(move % 2) + "'}"));
      }
      for (Future<String> each : chats) byVersion.merge(each.get(), 1, Integer::sum);
    }
    assertThat(byVersion).containsOnlyKeys(models);
    assertThat(byVersion.values()).allMatch(count -> count > CHATS / 5);
    assertThat(ok(b.get("/v1/aliases/prod/history?limit=100")).path("data")).hasSize(MOVES + 1);
  }

  @Test
  void aMoveAndARollbackAreSeenByTheOtherServerAtOnce() throws Exception {
    for (int i = 0; i < 5; i++) {
      ok(a.post("/v1/aliases/prod", "{'model': '" + models.getLast() + "'}"));
      assertThat(version(chat(b))).isEqualTo(models.getLast());
      long begun = System.nanoTime();
      assertThat(text(ok(a.post("/v1/aliases/prod/rollback", "{}")), "model"))
          .isEqualTo(models.getFirst());
      assertThat(text(ok(b.get("/v1/models/prod")), "alias_of")).isEqualTo(models.getFirst());
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(1));
      assertThat(version(chat(b))).isEqualTo(models.getFirst());
    }
  }

  @Test
  void aStreamIsAnsweredByTheVersionThatItsHeaderNames() throws Exception {
    HttpResponse<String> stream =
        b.post(
            "/v1/chat/completions",
            "{'model': 'prod', 'max_tokens': 200, 'temperature': 0, 'stream': true,"
                + " 'messages': [{'role': 'user', 'content': 'who are you?'}]}");
    String version = stream.headers().firstValue("x-graft-model").orElseThrow();
    assertThat(
            StreamedText.of(
                new ByteArrayInputStream(stream.body().getBytes(StandardCharsets.UTF_8))))
        .isEqualTo(saysByModel.get(version));
    assertThat(stream.body()).contains("\"model\":\"prod\"");
  }
}
