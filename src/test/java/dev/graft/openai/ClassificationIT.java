package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import com.openai.models.finetuning.jobs.FineTuningJob;
import com.openai.models.finetuning.jobs.JobCreateParams;
import dev.graft.catalog.BaseModels;
import dev.graft.tiny.TinyBert;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An encoder learns classes through the service, and takes nothing else. */
class ClassificationIT extends StartedGraft {
  private static final JsonMapper JSON = new JsonMapper();

  private final HttpClient http = HttpClient.newHttpClient();
  @Autowired private BaseModels models;
  private OpenAIClient client;
  private String key = "";
  @TempDir private Path directory;

  @BeforeEach
  void anEncoder() throws IOException {
    models.register("tiny-bert", TinyBert.write(directory.resolve("bert"), 1));
    key = key("mail");
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
  }

  @Test
  void classesAreLearnedMeasuredAndNamedInTheResult() throws Exception {
    FineTuningJob job =
        client
            .fineTuning()
            .jobs()
            .create(
                job(file(48))
                    .validationFile(file(12))
                    .putAdditionalBodyProperty(
                        "adapter",
                        JsonValue.from(
                            Map.of(
                                "objective",
                                "classification",
                                "output",
                                Map.of("merged", true),
                                "training",
                                Map.of("learning_rate", 0.01, "max_steps", 40, "save_steps", 30))))
                    .build());
    FineTuningJob done = ended(job.id());
    assertThat(done.status()).as(done.toString()).isEqualTo(FineTuningJob.Status.SUCCEEDED);
    String csv = get("/v1/files/" + done.resultFiles().getFirst() + "/content").body();
    assertThat(csv.lines().findFirst().orElseThrow()).endsWith(",valid_accuracy,valid_f1_macro");
    JsonNode adapter = JSON.readTree(get("/v1/adapters").body()).path("data").path(0);
    String files = "/v1/adapters/" + adapter.path("id").asString() + "/files/";
    assertThat(JSON.readTree(get(files + "config.json").body()).path("id2label").toString())
        .isEqualTo("{\"0\":\"no\",\"1\":\"yes\"}");
    assertThat(
            JSON.readTree(get(files + "eval_results.json").body()).path("eval_accuracy").asDouble())
        .isGreaterThan(0.9);
    assertThat(JSON.readTree(get(files + "merged/config.json").body()).path("id2label").size())
        .isEqualTo(2);
    assertThat(adapter.path("compatibility").path(0).toString())
        .isEqualTo("{\"loader\":\"peft\",\"verdict\":\"loads\",\"reasons\":[]}");
    HttpResponse<String> chat = chat(done.fineTunedModel().orElseThrow());
    assertThat(chat.statusCode()).isEqualTo(400);
    assertThat(chat.body()).contains("classifies text and generates none").contains("/v1/classify");
    String tuned = done.fineTunedModel().orElseThrow();
    labelled(tuned);
    labelled(tuned + ":ckpt-step-30");
    evaluated(tuned, done.trainingFile());
  }

  /** Beside the most frequent label, which is right half the time. */
  private void evaluated(String model, String file) throws Exception {
    String request =
        "{'models':['%s'],'file':'%s','gates':[{'metric':'accuracy','at_least':0.9},{'metric':'f1_macro','better_by':0.1}]}";
    String id =
        JSON.readTree(
                post("/v1/evaluations", request.replace('\'', '"').formatted(model, file)).body())
            .path("id")
            .asString();
    JsonNode evaluation =
        await()
            .atMost(Duration.ofMinutes(1))
            .until(
                () -> JSON.readTree(get("/v1/evaluations/" + id).body()),
                each -> each.path("ended_at").isNumber());
    assertThat(evaluation.path("status").asString())
        .as(evaluation.toString())
        .isEqualTo("succeeded");
    assertThat(evaluation.path("baseline").asString()).isEqualTo("majority");
    assertThat(evaluation.path("graders").toString())
        .isEqualTo("[{\"type\":\"label_match\",\"name\":\"accuracy\"}]");
    assertThat(evaluation.at("/results/passed").asBoolean()).isTrue();
    JsonNode majority = evaluation.at("/results/models/0");
    assertThat(majority.at("/metrics/accuracy/value").asDouble()).isEqualTo(0.5);
    assertThat(majority.at("/metrics/loss/value").asDouble()).isCloseTo(Math.log(2), within(1e-9));
    assertThat(majority.at("/confusion/counts").toString()).isEqualTo("[[24,0],[24,0]]");
    JsonNode own = evaluation.at("/results/models/1");
    JsonNode accuracy = own.at("/metrics/accuracy");
    assertThat(accuracy.path("confidence_interval").path(0).asDouble())
        .isLessThan(accuracy.path("value").asDouble());
    assertThat(accuracy.at("/against_baseline/verdict").asString()).isEqualTo("better");
    assertThat(own.at("/metrics/f1_macro/against_baseline/verdict").asString()).isEqualTo("better");
    assertThat(own.at("/confusion/classes/0/label").asString()).isEqualTo("no");
    assertThat(own.at("/confusion/classes/0/support").asInt()).isEqualTo(24);
    JsonNode sample =
        JSON.readTree(get("/v1/evaluations/" + id + "/samples?outcome=better&limit=1").body())
            .at("/data/0");
    assertThat(sample.path("prompt").asString()).startsWith("yy");
    assertThat(sample.at("/answers/0/text").asString()).isEqualTo("no");
    assertThat(sample.at("/answers/1/text").asString()).isEqualTo("yes");
  }

  @Test
  void whatNoClassifierCanBeMeasuredByIsRefused() throws Exception {
    String file = file(12);
    String[][] wrong = {
      {"'graders':[{'type':'string_check','operation':'eq'}]", "graders"},
      {"'gates':[{'metric':'exact_match','at_least':1}]", "gates[0].metric"},
      {"'baseline':'nobody'", "baseline"}
    };
    models.register("tiny-labels", TinyBert.writeClassifier(directory.resolve("headed"), 1));
    for (String[] each : wrong) {
      String body = "{'models':['tiny-labels'],'file':'%s',%s}".formatted(file, each[0]);
      JsonNode error =
          JSON.readTree(post("/v1/evaluations", body.replace('\'', '"')).body()).path("error");
      assertThat(error.path("param").asString()).as(error.toString()).isEqualTo(each[1]);
    }
    models.register("tiny-llama", TinyLlama.write(directory.resolve("llama"), 1));
    String chat = "{'models':['tiny-llama'],'file':'%s'}".formatted(file).replace('\'', '"');
    assertThat(post("/v1/evaluations", chat).body()).contains("POST /v1/chat/completions");
  }

  /** Texts that were learned, in any order and of any length, have their labels. */
  private void labelled(String model) throws Exception {
    HttpResponse<String> answer =
        classify("{'model':'%s','input':['yyy','nnnnnn','yyyyy','nn'],'user':'me'}", model);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    JsonNode body = JSON.readTree(answer.body());
    assertThat(body.path("object").asString()).isEqualTo("list");
    assertThat(body.path("model").asString()).isEqualTo(model);
    assertThat(body.path("problem_type").asString()).isEqualTo("single_label_classification");
    // a token a byte, and one on either side
    assertThat(body.path("usage").toString())
        .isEqualTo("{\"prompt_tokens\":24,\"total_tokens\":24}");
    List<String> expected = List.of("yes", "no", "yes", "no");
    assertThat(body.path("data").size()).isEqualTo(4);
    for (int i = 0; i < 4; i++) {
      JsonNode each = body.path("data").path(i);
      assertThat(each.path("index").asInt()).isEqualTo(i);
      assertThat(each.path("label").asString()).isEqualTo(expected.get(i));
      assertThat(each.path("labels").toString()).isEqualTo("[\"%s\"]".formatted(expected.get(i)));
      JsonNode probabilities = each.path("probabilities");
      assertThat(probabilities.size()).isEqualTo(2);
      assertThat(probabilities.path(expected.get(i)).asDouble())
          .isEqualTo(each.path("score").asDouble())
          .isGreaterThan(0.5);
      assertThat(probabilities.path("yes").asDouble() + probabilities.path("no").asDouble())
          .isCloseTo(1, within(1e-9));
    }
    JsonNode one = JSON.readTree(classify("{'model':'%s','input':'yyy','top_k':1}", model).body());
    assertThat(one.path("data").path(0).path("probabilities").size()).isEqualTo(1);
    assertThat(one.path("data").path(0).path("score").asDouble())
        .isCloseTo(body.path("data").path(0).path("score").asDouble(), within(1e-5));
  }

  @Test
  void whatCannotBeLabelledIsRefusedByItsName() throws Exception {
    refused("{'model':'tiny-bert','input':'y'}", 400, "model", "no trained head");
    refused("{'model':'nobody','input':'y'}", 404, "model", "does not exist");
    refused("{'model':'tiny-bert'}", 400, "input", "Missing required parameter");
    refused("{'model':'tiny-bert','input':[]}", 400, "input", "1 to 256 texts, but has 0");
    refused("{'model':'tiny-bert','input':['y',7]}", 400, "input[1]", "non-empty");
    refused("{'model':'tiny-bert','input':'y','top_k':0}", 400, "top_k", "from 1 to 100");
    refused("{'model':'tiny-bert','input':'y','messages':[]}", 400, "messages", "Unknown");
    String many = String.join(",", Collections.nCopies(257, "'y'"));
    refused("{'model':'tiny-bert','input':[%s]}".formatted(many), 400, "input", "but has 257");
    models.register("tiny-llama", TinyLlama.write(directory.resolve("llama"), 1));
    refused("{'model':'tiny-llama','input':'y'}", 400, "model", "POST /v1/chat/completions");
  }

  private void refused(String body, int status, String param, String message) throws Exception {
    HttpResponse<String> answer = classify(body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonNode error = JSON.readTree(answer.body()).path("error");
    assertThat(error.path("param").asString()).isEqualTo(param);
    assertThat(error.path("message").asString()).contains(message);
  }

  private HttpResponse<String> classify(String body, Object... values) throws Exception {
    return post("/v1/classify", body.replace('\'', '"').formatted(values));
  }

  @Test
  void anEncoderTakesNoOtherObjectiveAndNoChat() throws Exception {
    HttpResponse<String> refused =
        post(
            "/v1/fine_tuning/jobs",
            "{\"model\":\"tiny-bert\",\"training_file\":\"%s\"}".formatted(file(4)));
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(JSON.readTree(refused.body()).path("error").path("param").asString())
        .isEqualTo("adapter.objective");
    assertThat(JSON.readTree(refused.body()).path("error").path("message").asString())
        .startsWith(
            "tiny-bert is an encoder, which the objective sft cannot train. Set adapter.objective"
                + " to classification, or to regression")
        .contains("{\"config\": \"balanced\", \"objective\": \"classification\"}")
        .contains("--adapter FILE.json");
    assertThat(chat("tiny-bert").body()).contains("classifies text and generates none");
  }

  private static JobCreateParams.Builder job(String file) {
    return JobCreateParams.builder().model("tiny-bert").trainingFile(file).seed(7);
  }

  private String file(int rows) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      String text = (i % 2 == 0 ? "y" : "n").repeat(2 + i % 5);
      lines.append(
          "{\"text\":\"%s\",\"label\":\"%s\"}%n".formatted(text, i % 2 == 0 ? "yes" : "no"));
    }
    Path file = Files.writeString(directory.resolve("rows" + rows + ".jsonl"), lines);
    return client
        .files()
        .create(FileCreateParams.builder().file(file).purpose(FilePurpose.FINE_TUNE).build())
        .id();
  }

  private FineTuningJob ended(String id) {
    List<FineTuningJob.Status> ends =
        List.of(FineTuningJob.Status.SUCCEEDED, FineTuningJob.Status.FAILED);
    return await()
        .atMost(Duration.ofMinutes(3))
        .until(() -> client.fineTuning().jobs().retrieve(id), job -> ends.contains(job.status()));
  }

  private HttpResponse<String> chat(String model) throws Exception {
    return post(
        "/v1/chat/completions",
        "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"y\"}]}".formatted(model));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return http.send(request(path).GET().build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return http.send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url() + path))
        .header("Authorization", "Bearer " + key);
  }
}
