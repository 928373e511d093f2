package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.errors.InternalServerException;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.JobCreateParams;
import dev.graft.catalog.BaseModels;
import dev.graft.jobs.JoinTokens;
import dev.graft.jobs.QueueServer;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
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
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server, a real Ray cluster of two CPUs, worker processes of class {@code ray}, and a department
 * that uses them over the API.
 */
@GraftIT
@Import(QueueServer.class)
@TestPropertySource(
    properties = {
      "graft.jobs.lease-ttl=15s",
      "graft.jobs.heartbeat=1s",
      "graft.jobs.reap-every=500ms",
      "graft.jobs.retry-after=100ms",
      "graft.jobs.claim-poll=100ms",
      "graft.inference.worker-wait=2m",
    })
abstract class OnCluster {
  static final int TOKENS = 8;
  static final Duration LONG = Duration.ofMinutes(15);
  static final Duration SOON = Duration.ofSeconds(20);

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels baseModels;
  @Autowired JoinTokens joinTokens;
  @Autowired QueueServer server;
  final HttpClient http = HttpClient.newHttpClient();
  private final List<Process> workers = new ArrayList<>();
  Path python;
  RayHead head;
  private String key;
  Path base;
  Path rows;

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

  Process worker(String name) throws IOException {
    return worker(name, Map.of());
  }

  Process worker(String name, Map<String, String> more) throws IOException {
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
    environment.put("GRAFT_WORKER_KEEPFREE", "0B"); // the disk may be anybody's
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
    environment.putAll(more);
    builder
        .redirectErrorStream(true)
        .redirectOutput(Path.of("target", "ray-" + name + ".log").toFile());
    Process worker = builder.start();
    workers.add(worker);
    return worker;
  }

  /** Ray lists drivers, too, of jobs that it has forgotten. */
  List<RayJobs.RayJob> submissions() {
    return head.jobs().all().stream()
        .filter(each -> RayJobs.SubmissionId.read(each.submissionId()).isPresent())
        .toList();
  }

  Path shared() {
    return directory.resolve("shared");
  }

  List<Path> runs() throws IOException {
    try (Stream<Path> files = Files.list(shared().resolve("runs"))) {
      return files.toList();
    }
  }

  Map<String, Object> adapter(Map<String, Object> training) {
    Map<String, Object> all = new TreeMap<>(training);
    all.putAll(Map.of("per_device_train_batch_size", 3, "gradient_accumulation_steps", 2));
    all.put("learning_rate", 0.005);
    return Map.of("peft", Map.of("peft_type", "LORA", "r", 4), "training", all);
  }

  /** A job of two devices. */
  String submit(String model, Map<String, Object> training) {
    return submit(model, training, Map.of("devices", 2));
  }

  String submit(String model, Map<String, Object> training, Map<String, Object> resources) {
    OpenAIClient client = client();
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
                .model(model)
                .trainingFile(file)
                .seed(7)
                .putAdditionalBodyProperty("adapter", JsonValue.from(adapter(training)))
                .putAdditionalBodyProperty("resources", JsonValue.from(resources))
                .build())
        .id();
  }

  OpenAIClient client() {
    return OpenAIOkHttpClient.builder()
        .baseUrl("http://127.0.0.1:" + port + "/v1")
        .apiKey(key)
        .build();
  }

  /**
   * What a model answers to one turn, at most eight tokens, the likeliest each; waits for a worker
   * that answers.
   */
  String chat(String model, String said) {
    return await()
        .atMost(LONG)
        .ignoreExceptionsInstanceOf(InternalServerException.class)
        .until(() -> asked(model, said), answer -> true);
  }

  private String asked(String model, String said) {
    return client()
        .chat()
        .completions()
        .create(
            ChatCompletionCreateParams.builder()
                .model(model)
                .addUserMessage(said)
                .maxCompletionTokens(TOKENS)
                .temperature(0)
                .build())
        .choices()
        .getFirst()
        .message()
        .content()
        .orElse("");
  }

  /** The only adapter there is, downloaded as one archive and unpacked. */
  Path downloaded() throws Exception {
    String id = get("/v1/adapters").at("/data/0/id").asString("");
    Path archive = directory.resolve("adapter.tar.gz");
    var answer =
        http.send(
            HttpRequest.newBuilder(uri("/v1/adapters/" + id + "/content"))
                .header("Authorization", "Bearer " + key)
                .build(),
            BodyHandlers.ofFile(archive));
    assertThat(answer.statusCode()).isEqualTo(200);
    Path adapter = Files.createDirectories(directory.resolve("adapter"));
    RayEnvironment.run(
        List.of(python.toString(), "-m", "tarfile", "-e", archive + "", adapter + ""), directory);
    return adapter;
  }

  /** What Hugging Face's peft makes of it: the last line that this program prints. */
  String python(String program, Object... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(python.toString(), "-c", program));
    for (Object each : arguments) command.add(each.toString());
    return RayEnvironment.run(command, Path.of("").toAbsolutePath()).lines().toList().getLast();
  }

  /** That a job told each step once, with the loss that one process makes of it. */
  void requireLosses(String job, Path model, Map<String, Object> training, double tolerance)
      throws Exception {
    Map<Integer, Double> losses = losses(job);
    List<Double> alone = alone(model, training);
    assertThat(losses.keySet()).hasSize(alone.size());
    for (int i = 0; i < alone.size(); i++) {
      assertThat(losses.get(i + 1)).as("step %d", i + 1).isCloseTo(alone.get(i), within(tolerance));
    }
  }

  /** The losses of the same run in one process, without a cluster. */
  List<Double> alone(Path model, Map<String, Object> training) throws Exception {
    Path here = Files.createDirectories(directory.resolve("alone"));
    String request =
        JsonMapper.shared()
            .writeValueAsString(
                Map.of(
                    "adapter", adapter(training),
                    "seed", 7,
                    "base", Map.of("directory", model.toAbsolutePath().toString(), "name", "tiny"),
                    "data", Map.of("training_file", rows.toString()),
                    "directories", Map.of("output", here.toString(), "checkpoints", here + "/c"),
                    "machine", Map.of("device", "cpu", "threads", 1)));
    ProcessBuilder builder =
        new ProcessBuilder(python.toString(), "-m", "graft_ray", "--detached")
            .redirectInput(Files.writeString(here.resolve("request"), request + "\n").toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(here.resolve("events").toFile());
    builder.environment().put("PYTHONPATH", RayEnvironment.ENGINE.resolve("src").toString());
    assertThat(builder.start().waitFor(5, TimeUnit.MINUTES)).isTrue();
    return Files.readAllLines(here.resolve("events")).stream()
        .map(line -> JsonMapper.shared().readTree(line))
        .filter(event -> event.path("type").asString("").equals("progress"))
        .map(event -> event.path("loss").asDouble())
        .toList();
  }

  String state(String job) throws Exception {
    JsonNode said = get("/v1/fine_tuning/jobs/" + job);
    String state = said.path("status").asString("");
    assertThat(state).as("%s", said).isNotEqualTo("failed");
    return state;
  }

  int step(String job) throws Exception {
    return get("/v1/fine_tuning/jobs/" + job).at("/progress/step").asInt(0);
  }

  Map<Integer, Double> losses(String job) throws Exception {
    Map<Integer, Double> losses = new TreeMap<>();
    for (JsonNode event : events(job)) {
      JsonNode data = event.path("data");
      if (!data.has("train_loss")) continue;
      Double before = losses.put(data.path("step").asInt(), data.path("train_loss").asDouble());
      assertThat(before).as("step %s is told once", data.path("step")).isNull();
    }
    return losses;
  }

  String told(String job) throws Exception {
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

  /** How each lease of the job ended, the first first. */
  List<String> outcomes(String job) throws Exception {
    return get("/v1/fine_tuning/jobs/" + job).path("attempts").findValuesAsString("outcome");
  }

  /** By the server's clock, between two events that are told once each. */
  long secondsBetween(String job, String first, String second) throws Exception {
    return toldAt(job, second) - toldAt(job, first);
  }

  private long toldAt(String job, String message) throws Exception {
    return events(job).stream()
        .filter(event -> event.path("message").asString("").equals(message))
        .mapToLong(event -> event.path("created_at").asLong())
        .reduce((a, b) -> fail(message + " is told twice"))
        .orElseThrow();
  }

  JsonNode get(String path) throws Exception {
    return sent(HttpRequest.newBuilder(uri(path)).GET());
  }

  void post(String path) throws Exception {
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
