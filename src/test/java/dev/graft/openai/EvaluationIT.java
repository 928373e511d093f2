package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.models.files.FileCreateParams;
import com.openai.models.files.FilePurpose;
import dev.graft.tenancy.ApiClient;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Whether a trained model is better than its base, from the file to the gate. */
class EvaluationIT extends StartedGraft {
  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}";

  @TempDir private Path directory;
  private OpenAIClient client = OpenAIOkHttpClient.builder().apiKey("none").build();
  private ApiClient api = new ApiClient(0, "");
  private String rows = "";

  @BeforeEach
  void aFileAndAModel() throws IOException {
    String key = key("evaluations");
    client = OpenAIOkHttpClient.builder().baseUrl(url() + "/v1").apiKey(key).build();
    api = new ApiClient(URI.create(url()).getPort(), key);
    registerTiny();
    rows =
        upload(
            IntStream.range(0, 24).mapToObj(i -> ROW.formatted("say " + i, "yes " + i)).toList());
  }

  private String upload(List<String> lines) throws IOException {
    Path path = Files.write(directory.resolve("rows.jsonl"), lines);
    return client
        .files()
        .create(FileCreateParams.builder().file(path).purpose(FilePurpose.FINE_TUNE).build())
        .id();
  }

  private JsonNode job(String file) throws Exception {
    String body =
        ("{'model':'tiny','training_file':'%1$s','validation_file':'%1$s','adapter':{'peft':{'r':8},"
                + "'training':{'max_steps':60,'learning_rate':0.03,'per_device_train_batch_size':8,'save_steps':30,'eval_steps':30}}}")
            .formatted(file);
    String id = ApiClient.text(ApiClient.ok(api.post("/v1/fine_tuning/jobs", body)), "id");
    return ended("/v1/fine_tuning/jobs/" + id, "succeeded");
  }

  private JsonNode ended(String path, String status) {
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> ApiClient.ok(api.get(path)),
            thing ->
                List.of("succeeded", "failed", "cancelled")
                    .contains(thing.path("status").asString()));
    JsonNode thing = get(path);
    assertThat(thing.path("status").asString()).as(thing.toString()).isEqualTo(status);
    return thing;
  }

  private JsonNode get(String path) {
    try {
      return ApiClient.ok(api.get(path));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private String evaluation(String more) throws Exception {
    String body = "{'file':'" + rows + "'," + more + "}";
    return "/v1/evaluations/"
        + ApiClient.text(ApiClient.ok(api.post("/v1/evaluations", body)), "id");
  }

  @Test
  void aTrainedModelIsBetterThanItsBase() throws Exception {
    JsonNode job = job(rows);
    String model = job.path("fine_tuned_model").asString();
    ApiClient.ok(api.post("/v1/aliases", "{'name':'prod','model':'" + model + "'}"));
    String path =
        evaluation(
            ("'name':'first','models':['prod','%1$s:ckpt-step-30'],"
                    + "'max_completion_tokens':16,'gates':[{'metric':'loss','better_by':0},"
                    + "{'metric':'exact_match','at_least':1.01}]")
                .formatted(model));
    JsonNode done = ended(path, "succeeded");
    assertThat(done.path("baseline").asString()).isEqualTo("tiny");
    assertThat(done.path("questions").asInt()).isEqualTo(24);
    assertThat(done.at("/progress/answered").asInt()).isEqualTo(72);
    assertThat(done.at("/results/compared").asInt()).isEqualTo(24);
    JsonNode tuned = done.at("/results/models/1");
    assertThat(tuned.path("model").asString()).isEqualTo(model);
    JsonNode loss = tuned.at("/metrics/loss");
    assertThat(loss.at("/against_baseline/verdict").asString()).isEqualTo("better");
    assertThat(loss.at("/against_baseline/better").asInt()).isEqualTo(24);
    assertThat(tuned.at("/gates/0/passed").asBoolean()).isTrue();
    assertThat(tuned.at("/gates/1/passed").asBoolean()).isFalse();
    assertThat(done.at("/results/passed").asBoolean()).isFalse();

    JsonNode checkpoint =
        get("/v1/fine_tuning/jobs/" + job.path("id").asString() + "/checkpoints").at("/data/0");
    assertThat(done.at("/results/models/2/metrics/loss/value").asDouble())
        .as("the loss that training measured on the same rows")
        .isCloseTo(checkpoint.at("/metrics/full_valid_loss").asDouble(), within(1e-4));

    JsonNode better = get(path + "/samples?outcome=better&metric=loss&limit=3");
    assertThat(better.path("data")).hasSize(3);
    assertThat(better.path("has_more").asBoolean()).isTrue();
    JsonNode sample = better.at("/data/0");
    assertThat(sample.path("line").asInt()).isEqualTo(1);
    assertThat(sample.at("/messages/0/content").asString()).isEqualTo("say 0");
    assertThat(sample.path("reference").asString()).isEqualTo("yes 0");
    assertThat(sample.path("answers")).hasSize(3);
    assertThat(sample.at("/answers/1/scores/rouge_l").isNumber()).isTrue();
    assertThat(get(path + "/samples?outcome=worse&metric=loss").path("data")).isEmpty();
    String last = better.path("last_id").asString();
    assertThat(
            get(path + "/samples?limit=100&outcome=equal&model=" + model.replace(":", "%3A"))
                .path("data"))
        .hasSize(tuned.at("/metrics/exact_match/against_baseline/equal").asInt());
    assertThat(get(path + "/samples?after=" + last).path("data")).hasSize(20);

    assertThat(get("/v1/evaluations").path("data")).isNotEmpty();
    assertThat(get("/v1/evaluations?model=" + model.replace(":", "%3A")).path("data")).hasSize(1);
    assertThat(get("/v1/evaluations?model=other").path("data")).isEmpty();
    assertThat(ApiClient.ok(api.delete(path)).path("deleted").asBoolean()).isTrue();
    ApiClient.error(api.get(path), 404);
  }

  @Test
  void aBaseModelAloneIsMeasuredWithoutComparing() throws Exception {
    JsonNode done =
        ended(
            evaluation("'models':['tiny'],'max_samples':3,'max_completion_tokens':4"), "succeeded");
    assertThat(done.path("baseline").isNull()).isTrue();
    assertThat(done.path("questions").asInt()).isEqualTo(3);
    assertThat(done.at("/results/passed").isNull()).isTrue();
    JsonNode only = done.at("/results/models/0");
    assertThat(only.at("/metrics/loss/value").asDouble()).isPositive();
    assertThat(only.at("/metrics/loss/against_baseline").isNull()).isTrue();
  }

  @Test
  void whatDoesNotFitAModelIsLeftOut() throws Exception {
    rows =
        upload(
            List.of(
                ROW.formatted("short", "yes"),
                ROW.formatted("long ".repeat(400), "yes"),
                ROW.formatted("short, too", "yes")));
    JsonNode done = ended(evaluation("'models':['tiny'],'max_completion_tokens':4"), "succeeded");
    assertThat(done.path("questions").asInt()).isEqualTo(3);
    assertThat(done.at("/results/compared").asInt()).isEqualTo(2);
  }

  @Test
  void whatCannotBeIsRefusedAtOnce() throws Exception {
    refused(400, "'models':['tiny'],'gates':[{'metric':'loss','better_by':0}]", "gates");
    refused(404, "'models':['nothing']", "models[0]");
    refused(404, "'models':['tiny'],'baseline':'nothing'", "baseline");
    rows = upload(List.of("{\"text\":\"a text\"}"));
    refused(400, "'models':['tiny']", "file");
    rows = "file-nothing";
    refused(400, "'models':['tiny']", "file");
  }

  private void refused(int status, String more, String param) throws Exception {
    JsonNode error =
        ApiClient.error(
            api.post("/v1/evaluations", "{'file':'" + rows + "'," + more + "}"), status);
    assertThat(error.path("param").asString()).isEqualTo(param);
  }
}
