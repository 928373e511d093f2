package dev.graft.worker.ray;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.JobCreateParams;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.queue.QueueServer;
import dev.graft.jobs.queue.QueueServer.Submitted;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.keys.ApiKeys;
import dev.graft.tiny.TinyLlama;
import dev.graft.workers.JoinTokens;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Jobs of two devices through a server, a worker process and a real Ray cluster of two CPUs. Only
 * the profile {@code ray} runs this.
 */
@Tag("ray")
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(
    properties = {
      "graft.jobs.lease-ttl=6s",
      "graft.jobs.heartbeat=1s",
      "graft.jobs.reap-every=500ms",
      "graft.jobs.retry-after=100ms",
      "graft.jobs.claim-poll=100ms",
    })
class RayClusterIT {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels baseModels;
  @Autowired JoinTokens joinTokens;
  @Autowired QueueServer server;
  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Process> workers = new ArrayList<>();
  private Path python;
  private RayHead head;
  private String key;
  private Path base;
  private Path rows;

  @BeforeEach
  void aClusterAndABase() throws Exception {
    python = RayEnvironment.python();
    head = RayHead.start(python);
    key = keys.create(departments.ensure("research"), Caller.Scope.USER).secret();
    base = TinyLlama.write(Files.createTempDirectory(Path.of("target"), "tiny-"), 1);
    baseModels.register("tiny", base);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 23; i++) {
      String answer = "blue sky ".repeat(1 + i % 5).strip();
      text.append("{\"messages\":[{\"role\":\"user\",\"content\":\"say %d\"},".formatted(i));
      text.append("{\"role\":\"assistant\",\"content\":\"%s\"}]}\n".formatted(answer));
    }
    rows = Files.writeString(directory.resolve("rows.jsonl"), text);
  }

  @AfterEach
  void stopAll() throws Exception {
    for (Process worker : workers) worker.destroyForcibly().waitFor();
    head.close();
  }

  @Test
  void twoDevicesTrainWhatOneWouldAndTheAdapterIsServed() throws Exception {
    worker("one");
    String job = submit(Map.of("num_train_epochs", 2, "save_steps", 4));
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    Map<Integer, Double> losses = losses(job);
    List<Double> alone = alone();
    assertThat(losses.keySet()).hasSize(alone.size());
    for (int i = 0; i < alone.size(); i++) {
      assertThat(losses.get(i + 1)).as("step %d", i + 1).isCloseTo(alone.get(i), within(1e-4));
    }
    assertThat(get("/v1/fine_tuning/jobs/" + job + "/checkpoints").path("data")).isNotEmpty();
    JsonNode adapter = get("/v1/adapters").at("/data/0");
    String config =
        "/v1/adapters/" + adapter.path("id").asString("") + "/files/adapter_config.json";
    assertThat(get(config).path("base_model_name_or_path").asString("")).isEqualTo("tiny");
    await()
        .atMost(LONG)
        .until(() -> submissions().stream().allMatch(RayJob::ended) && runs().isEmpty());
  }

  @Test
  void killedWorkersRunsAndHeadsLoseNothing() throws Exception {
    Process first = worker("one");
    String job = submit(Map.of("max_steps", 1200, "save_steps", 10, "loss_spike_guard", false));
    await().atMost(LONG).until(() -> step(job) > 3);
    String submission = submissions().getFirst().submissionId();
    first.destroyForcibly().waitFor();
    worker("two");
    await().atMost(LONG).until(() -> step(job) > 30);
    assertThat(submissions()).as("adopted").hasSize(1);
    assertThat(submissions().getFirst().submissionId()).isEqualTo(submission);

    head.jobs().stop(SubmissionId.read(submission).orElseThrow());
    await().atMost(LONG).until(() -> submissions().stream().anyMatch(each -> !each.ended()));
    await().atMost(LONG).until(() -> told(job).contains("continues after step"));
    assertThat(submissions()).filteredOn(each -> !each.ended()).hasSize(1);

    head.kill();
    head.begin();
    await().atMost(LONG).until(() -> state(job).equals("succeeded"));
    assertThat(losses(job).keySet()).hasSize(1200);
    JsonNode attempts = get("/v1/fine_tuning/jobs/" + job).path("attempts");
    assertThat(attempts.findValuesAsString("outcome")).startsWith("lost").endsWith("completed");
    Submitted row = new Submitted(departments.ensure("research"), job);
    assertThat(server.failures(row)).as("none is a failed attempt").isZero();
    assertThat(server.violations()).isEmpty();
    await().atMost(LONG).until(() -> runs().isEmpty() && head.trainers().isEmpty());
  }

  @Test
  void pauseAndCancelAreHeardSoon() throws Exception {
    worker("one");
    String job = submit(Map.of("max_steps", 100_000, "save_steps", 0));
    await().atMost(LONG).until(() -> step(job) > 3);
    post("/v1/fine_tuning/jobs/" + job + "/pause");
    await().atMost(SOON).until(() -> state(job).equals("paused"));
    await().atMost(SOON).until(() -> head.trainers().isEmpty());
    int paused = step(job);
    post("/v1/fine_tuning/jobs/" + job + "/resume");
    await().atMost(LONG).until(() -> step(job) > paused + 3);
    assertThat(told(job)).contains("continues after step " + paused);
    post("/v1/fine_tuning/jobs/" + job + "/cancel");
    await().atMost(SOON).until(() -> state(job).equals("cancelled"));
    await().atMost(LONG).until(() -> head.trainers().isEmpty() && runs().isEmpty());
  }

  private Process worker(String name) throws IOException {
    Path home = Files.createDirectories(directory.resolve(name));
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of("dev.graft.cli.GraftCommand", "serve", "--role", "worker"));
    command.addAll(List.of("--server", "http://127.0.0.1:" + port));
    ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
    Map<String, String> environment = builder.environment();
    environment.put("GRAFT_WORKER_DIRECTORY", shared().resolve(name).toString());
    environment.put(
        "GRAFT_WORKER_JOINTOKEN", joinTokens.create("ray", Duration.ofMinutes(5), null).secret());
    environment.put("GRAFT_WORKER_CLASS", "ray");
    environment.put("GRAFT_WORKER_THREADS", "1");
    environment.put("GRAFT_WORKER_REPORTEVERY", "200ms");
    environment.put("GRAFT_WORKER_RAY_ADDRESS", head.address().toString());
    environment.put("GRAFT_WORKER_RAY_TOKEN", RayHead.TOKEN);
    environment.put("GRAFT_WORKER_RAY_SHAREDDIRECTORY", shared().toString());
    environment.put("GRAFT_WORKER_RAY_DEVICES", "2");
    environment.put("GRAFT_WORKER_RAY_GPU", "false");
    environment.put("GRAFT_WORKER_RAY_PYTHON", python.toString());
    String path = RayEnvironment.ENGINE.resolve("src").toString();
    environment.put(
        "GRAFT_WORKER_RAY_RUNTIMEENVIRONMENT",
        "{\"env_vars\":{\"PYTHONPATH\":\"%s\"}}".formatted(path));
    builder
        .redirectErrorStream(true)
        .redirectOutput(Path.of("target", "ray-" + name + ".log").toFile());
    Process worker = builder.start();
    workers.add(worker);
    return worker;
  }

  /** Ray lists drivers, too, of jobs that it has forgotten. */
  private List<RayJob> submissions() {
    return head.jobs().all().stream()
        .filter(each -> SubmissionId.read(each.submissionId()).isPresent())
        .toList();
  }

  private Path shared() {
    return directory.resolve("shared");
  }

  private List<Path> runs() throws IOException {
    try (Stream<Path> files = Files.list(shared().resolve("runs"))) {
      return files.toList();
    }
  }

  private Map<String, Object> adapter(Map<String, Object> training) {
    Map<String, Object> all = new TreeMap<>(training);
    all.putAll(Map.of("per_device_train_batch_size", 3, "gradient_accumulation_steps", 2));
    all.put("learning_rate", 0.005);
    return Map.of("peft", Map.of("peft_type", "LORA", "r", 4), "training", all);
  }

  private String submit(Map<String, Object> training) {
    OpenAIClient client =
        OpenAIOkHttpClient.builder()
            .baseUrl("http://127.0.0.1:" + port + "/v1")
            .apiKey(key)
            .build();
    String file =
        client
            .files()
            .create(FileCreateParams.builder().file(rows).purpose(FilePurpose.FINE_TUNE).build())
            .id();
    return client
        .fineTuning()
        .jobs()
        .create(
            JobCreateParams.builder()
                .model("tiny")
                .trainingFile(file)
                .seed(7)
                .putAdditionalBodyProperty("adapter", JsonValue.from(adapter(training)))
                .putAdditionalBodyProperty("resources", JsonValue.from(Map.of("devices", 2)))
                .build())
        .id();
  }

  /** The losses of the same run in one process, without a cluster. */
  private List<Double> alone() throws Exception {
    Path here = Files.createDirectories(directory.resolve("alone"));
    String request =
        JsonMapper.shared()
            .writeValueAsString(
                Map.of(
                    "adapter", adapter(Map.of("num_train_epochs", 2)),
                    "seed", 7,
                    "base", Map.of("directory", base.toAbsolutePath().toString(), "name", "tiny"),
                    "data", Map.of("training_file", rows.toString()),
                    "directories", Map.of("output", here.toString(), "checkpoints", here + "/c"),
                    "machine", Map.of("device", "cpu", "threads", 1)));
    ProcessBuilder builder =
        new ProcessBuilder(python.toString(), "-m", "graft_ray", "--detached")
            .redirectInput(Files.writeString(here.resolve("request"), request + "\n").toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(here.resolve("events").toFile());
    builder.environment().put("PYTHONPATH", RayEnvironment.ENGINE.resolve("src").toString());
    assertThat(builder.start().waitFor(3, TimeUnit.MINUTES)).isTrue();
    return Files.readAllLines(here.resolve("events")).stream()
        .map(line -> JsonMapper.shared().readTree(line))
        .filter(event -> event.path("type").asString("").equals("progress"))
        .map(event -> event.path("loss").asDouble())
        .toList();
  }

  private String state(String job) throws Exception {
    JsonNode said = get("/v1/fine_tuning/jobs/" + job);
    String state = said.path("status").asString("");
    assertThat(state).as("%s", said).isNotEqualTo("failed");
    return state;
  }

  private int step(String job) throws Exception {
    return get("/v1/fine_tuning/jobs/" + job).at("/progress/step").asInt(0);
  }

  private Map<Integer, Double> losses(String job) throws Exception {
    Map<Integer, Double> losses = new TreeMap<>();
    for (JsonNode event : events(job)) {
      JsonNode data = event.path("data");
      if (!data.has("train_loss")) continue;
      Double before = losses.put(data.path("step").asInt(), data.path("train_loss").asDouble());
      assertThat(before).as("step %s is told once", data.path("step")).isNull();
    }
    return losses;
  }

  private String told(String job) throws Exception {
    StringBuilder told = new StringBuilder();
    for (JsonNode event : events(job)) told.append(event.path("message").asString("")).append('\n');
    return told.toString();
  }

  private List<JsonNode> events(String job) throws Exception {
    List<JsonNode> events = new ArrayList<>();
    String after = "";
    while (true) {
      JsonNode page = get("/v1/fine_tuning/jobs/" + job + "/events?limit=100" + after);
      page.path("data").forEach(events::add);
      if (!page.path("has_more").asBoolean(false)) return events;
      after = "&after=" + events.getLast().path("id").asString("");
    }
  }

  private JsonNode get(String path) throws Exception {
    return sent(HttpRequest.newBuilder(uri(path)).GET());
  }

  private void post(String path) throws Exception {
    sent(HttpRequest.newBuilder(uri(path)).POST(HttpRequest.BodyPublishers.noBody()));
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }

  private JsonNode sent(HttpRequest.Builder request) throws Exception {
    var answer =
        http.send(
            request.header("Authorization", "Bearer " + key).build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).as("%s", answer.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(answer.body());
  }
}
