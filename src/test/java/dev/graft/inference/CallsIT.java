package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.graft.TestProgram;
import dev.graft.artifacts.BlobCache;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.Training;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.pg.GraftIT;
import dev.graft.platform.Children;
import dev.graft.platform.Collector;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.Traces;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import dev.graft.worker.TestWorker;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.json.JsonMapper;

/** Chats over the API, answered by a worker over HTTP; its model parrots. */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(properties = "graft.inference.worker-wait=6s")
class CallsIT {
  private static final Collector COLLECTOR = new Collector();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @TempDir Path directory;
  @LocalServerPort private int port;
  @Autowired private QueueServer server;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private BaseModels baseModels;
  @Autowired private InferenceProperties settings;
  private String key = "";
  private WorkerLink link; // before each test
  private WarmModels models;
  private CallLoop.TrainingPriority device;
  private LoopThreads worker;
  private Traces traces;

  @DynamicPropertySource
  static void traced(DynamicPropertyRegistry settings) {
    settings.add("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR::url);
  }

  @BeforeEach
  void aWorkerAndAModel() throws IOException {
    baseModels.register("tiny", TinyLlama.write(directory.resolve("tiny"), 1));
    key = keys.create(departments.ensure("support"), Caller.Scope.USER).secret();
    link = TestWorker.link(directory.resolve("worker"), uri(""), server.joinToken());
    FileArtifactStore store = FileArtifactStore.open(directory.resolve("worker"));
    ModelDirectories files =
        new ModelDirectories(
            ModelDirectories.source(store), directory.resolve("laid"), Duration.ofDays(1));
    models = new WarmModels(settings, files, CallsIT::parrot, Children.AS_GRAFT);
    device = new CallLoop.TrainingPriority(models, false);
    BlobCache blobs = BlobCache.of(store, new BlobCache.Bounds(1 << 30, 0));
    traces = COLLECTOR.traces("graft-worker");
    worker = new CallLoop(link, blobs, models, device, traces).threads(2);
  }

  private static List<String> parrot(WarmModels.Laid model) {
    assertThat(model.model()).isDirectoryContaining("glob:**/model.safetensors");
    return TestProgram.of(Parrot.class, "64m", model.model().toString());
  }

  @AfterEach
  void end() {
    worker.stop();
    models.close();
    traces.close();
  }

  @Test
  void aChatIsOneTraceFromItsRequestToTheWorkerThatAnswers() throws Exception {
    worker.start();
    awaitAnswers();
    String trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    HttpRequest request =
        HttpRequest.newBuilder(request("hello", false), (name, value) -> true)
            .header("traceparent", "00-%s-00f067aa0ba902b7-01".formatted(trace))
            .build();
    assertThat(answer(HTTP.send(request, BodyHandlers.ofString()))).isEqualTo("hello");
    await().atMost(Duration.ofSeconds(30)).until(() -> COLLECTOR.spans(trace).size() == 3);
    Map<String, Collector.Seen> spans =
        COLLECTOR.spans(trace).stream()
            .collect(Collectors.toMap(Collector.Seen::name, Function.identity()));
    Collector.Seen making = spans.get("make answer");
    assertThat(making.parent()).isEqualTo(spans.get("POST /v1/chat/completions").id());
    assertThat(spans.get("answer call").parent()).isEqualTo(making.id());
    assertThat(spans.get("answer call").service()).isEqualTo("graft-worker");
    assertThat(spans.values().toString()).doesNotContain("hello", "tiny");
  }

  @Test
  void aWorkerAnswersAChatAndTheServerRelaysIt() throws Exception {
    HttpResponse<String> alone = chat("hello");
    assertThat(alone.statusCode()).isEqualTo(503);
    assertThat(alone.body()).contains("no worker answers chats at the moment");
    assertThat(alone.headers().firstValue("retry-after")).hasValue("15");
    worker.start();
    awaitAnswers();
    assertThat(answer(chat("hello"))).isEqualTo("hello");
    assertThat(streamed("a longer text")).isEqualTo("a longer text");
    assertThat(models.processes()).hasSize(1);
  }

  @Test
  void aClientThatLeavesAStreamFreesTheWorker() throws Exception {
    worker.start();
    awaitAnswers();
    List<Long> before = models.processes();
    HttpRequest request = request("forever", true);
    HttpResponse<InputStream> endless = HTTP.send(request, BodyHandlers.ofInputStream());
    assertThat(endless.body().read()).isNotEqualTo(-1);
    endless.body().close();
    assertThat(answer(chat("next"))).isEqualTo("next");
    assertThat(models.processes()).isEqualTo(before);
  }

  @Test
  void trainingHasTheMachineFirst() throws Exception {
    worker.start();
    awaitAnswers();
    device.on(new Training.Begins("cpu"));
    assertThat(models.processes()).isEmpty();
    // What is asked for now may still get the calls that the loops were waiting for.
    await()
        .atMost(Duration.ofSeconds(60))
        .untilAsserted(
            () -> assertThat(chat("hello").body()).contains("no worker was free in 6 s"));
    device.on(new Training.Ended("cpu"));
    awaitAnswers();
  }

  @Test
  void anAnswerThatItsWorkerGivesUpIsRefusedWithTheTimeToComeBack() throws Exception {
    worker.start();
    awaitAnswers();
    HttpResponse<String> crashed = chat("die");
    assertThat(crashed.statusCode()).isEqualTo(503);
    assertThat(crashed.headers().firstValue("retry-after")).isPresent();
    CompletableFuture<HttpResponse<String>> hanging =
        HTTP.sendAsync(request("hang", false), BodyHandlers.ofString());
    Digest base = baseModels.find("tiny").orElseThrow().manifest();
    await().until(() -> models.users(base) == 1);
    worker.stop();
    assertThat(hanging.get().statusCode()).isEqualTo(503);
  }

  @Test
  void aWorkerReachesNoBlobWithoutACallOfItsOwn() {
    String digest = "0".repeat(64);
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> link.open("/calls/call_x/blobs/" + digest))
        .withMessageContaining("410");
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> link.post("/calls/call_x/replies", "no report", Duration.ofSeconds(5)))
        .withMessageContaining("400");
  }

  @Test
  void aCallReachesTheFilesOfItsModelAlone() throws Exception {
    assertThat(
            link.post(
                InferenceCall.PATH, new InferenceCall.Wanted(0, List.of()), Duration.ofSeconds(5)))
        .isEmpty();
    CompletableFuture<HttpResponse<String>> asked =
        HTTP.sendAsync(request("hello", false), BodyHandlers.ofString());
    byte[] taken =
        link.post(
                InferenceCall.PATH,
                new InferenceCall.Wanted(15_000, List.of()),
                Duration.ofSeconds(30))
            .orElseThrow();
    InferenceCall call = LeaseWire.read(taken, InferenceCall.class);
    String path = "/calls/" + call.id();
    try (InputStream manifest = link.open(path + "/blobs/" + call.base())) {
      assertThat(new String(manifest.readAllBytes(), StandardCharsets.UTF_8))
          .contains("model.safetensors");
    }
    String foreign = "/blobs/" + "0".repeat(64);
    assertThatExceptionOfType(LeaseRefused.class).isThrownBy(() -> link.open(path + foreign));
    WorkerLink other = TestWorker.link(directory.resolve("other"), uri(""), server.joinToken());
    assertThatExceptionOfType(LeaseRefused.class)
        .isThrownBy(() -> other.open(path + "/blobs/" + call.base()));
    link.post(
        path + "/replies",
        new InferenceCall.CallReport(0, List.of(), "a reason"),
        Duration.ofSeconds(5));
    assertThat(asked.get().statusCode()).isEqualTo(503);
  }

  private void awaitAnswers() {
    await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptions()
        .until(() -> answer(chat("ready?")).equals("ready?"));
  }

  private static String answer(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared()
        .readTree(response.body())
        .at("/choices/0/message/content")
        .asString();
  }

  private HttpResponse<String> chat(String content) throws Exception {
    return HTTP.send(request(content, false), BodyHandlers.ofString());
  }

  private String streamed(String content) throws Exception {
    return StreamedText.of(HTTP.send(request(content, true), BodyHandlers.ofInputStream()).body());
  }

  private HttpRequest request(String content, boolean stream) {
    String body =
        "{\"model\":\"tiny\",\"stream\":%s,\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
            .formatted(stream, content);
    return HttpRequest.newBuilder(uri("/v1/chat/completions"))
        .header("authorization", "Bearer " + key)
        .header("content-type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }
}
