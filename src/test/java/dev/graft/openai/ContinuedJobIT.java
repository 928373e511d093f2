package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Jobs whose {@code model} is what an earlier job has made, and chats with every stage. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContinuedJobIT extends StartedGraft {
  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static final String TRAINING =
      "'training':{'max_steps':6,'save_steps':3,'learning_rate':0.01,'lr_scheduler_type':'constant'}";

  private String key = "";
  private String other = "";
  private String rows = "";
  private String theirRows = "";
  private String administrator = "";
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;

  @BeforeAll
  void start() throws Exception {
    registerTiny();
    key = key("support");
    other = key("sales");
    administrator = keys.createForAdministrator(ApiKeys.UNNAMED, null).secret();
    rows = upload(key);
    theirRows = upload(other);
  }

  @Test
  void aJobGoesOnFromAResultOrACheckpoint() throws Exception {
    JsonNode first = done(submit("tiny", "{'peft':{'r':4,'lora_dropout':0},%s}"));
    String model = first.path("fine_tuned_model").asString();
    JsonNode second = done(submit(model, "{%s}"));
    assertThat(second.path("model").asString()).isEqualTo(model);
    assertThat(second.path("parent_model").asString()).isEqualTo(model);
    assertThat(second.path("base_model").asString()).isEqualTo("tiny");
    assertThat(second.at("/adapter/peft/r").asInt()).isEqualTo(4);
    String result = second.path("fine_tuned_model").asString();
    assertThat(result).startsWith("ft:tiny:support:").doesNotContain(model);
    assertThat(losses(second).getFirst()).isEqualTo(losses(first).getLast());
    assertThat(losses(second).getLast()).isLessThan(losses(first).getLast());
    JsonNode adapter = ok(call("GET", "/v1/adapters", "", key)).at("/data/0");
    assertThat(adapter.path("name").asString()).isEqualTo(result);
    assertThat(adapter.path("parent_model").asString()).isEqualTo(model);
    assertThat(chat(result)).isNotEmpty();

    String path = "/v1/adapters/" + adapter.path("id").asString();
    assertThat(call("GET", path + "/files/README.md", "", key).body())
        .contains("| continues from | " + model + " |");
    ok(call("POST", path, "{'deprecation':{'notice':'too old','retires_at':1798761600}}", key));
    var headers = call("POST", "/v1/chat/completions", question(result), key).headers();
    assertThat(headers.firstValue("deprecation").orElse("")).matches("@\\d{10}");
    assertThat(headers.firstValue("sunset")).contains("Fri, 01 Jan 2027 00:00:00 GMT");
    assertThat(headers.firstValue("link")).contains("<" + path + ">; rel=\"deprecation\"");

    JsonNode third = done(submit(result + ":ckpt-step-3", "{%s}"));
    assertThat(third.path("parent_model").asString()).isEqualTo(result + ":ckpt-step-3");
    assertThat(losses(third).getFirst())
        .isBetween(losses(second).getLast(), losses(second).getFirst());
    String id = adapter.path("id").asString();
    JsonNode byId = done(submit("tiny", "{'continue_from':'" + id + "',%s}"));
    assertThat(byId.path("parent_model").asString()).isEqualTo(result);
    assertThat(events(byId).toString()).contains("is deprecated: too old");
    assertThat(losses(byId).getFirst()).isEqualTo(losses(second).getLast());
    notYet(result + ":ckpt-step-9", second, "no checkpoint at this step");
  }

  @Test
  void aModelThatIsNotThereYetIsRefusedWithItsJob() throws Exception {
    JsonNode job = ok(submit("tiny", "{%s}"));
    String id = job.path("id").asString();
    ok(call("POST", "/v1/fine_tuning/jobs/" + id + "/cancel", "", key));
    String planned = "ft:tiny:support::" + id.substring("ftjob-".length());
    notYet(planned, job, "Its job " + id);
    refused(call("POST", "/v1/chat/completions", question(planned + "x"), key), 404, "model");
  }

  private void notYet(String model, JsonNode job, String why) throws Exception {
    HttpResponse<String> answer = call("POST", "/v1/chat/completions", question(model), key);
    refused(answer, 400, "model");
    assertThat(answer.body()).contains("invalid_state", job.path("id").asString(), why);
  }

  @Test
  void wholeModelsGoOnAndTheirCheckpointsAnswer() throws Exception {
    JsonNode first = done(submit("tiny", "{'method':{'type':'full'},%s}"));
    String model = first.path("fine_tuned_model").asString();
    String checkpoint = model + ":ckpt-step-3";
    assertThat(chat(checkpoint)).isNotEmpty();
    JsonNode second = done(submit(model, "{%s}"));
    assertThat(second.at("/adapter/method/type").asString()).isEqualTo("full");
    assertThat(losses(second).getFirst()).isEqualTo(losses(first).getLast());
    JsonNode third = done(submit(checkpoint, "{%s}"));
    assertThat(losses(third).getFirst())
        .isBetween(losses(first).getLast(), losses(first).getFirst());
    assertThat(chat(second.path("fine_tuned_model").asString() + ":ckpt-step-3")).isNotEmpty();
    refused(submit(model, "{'peft':{'r':4},%s}"), 400, "adapter.peft");
    refused(
        submit(checkpoint, "{'method':{'type':'freeze','trainable_layers':1},%s}"),
        400,
        "adapter.method");
  }

  @Test
  void adaLoraGoesOnAsTheLoraThatItsRanksMake() throws Exception {
    String ranks =
        "'peft_type':'ADALORA','init_r':4,'target_r':2,'tinit':1,'tfinal':2,'deltaT':2,'total_step':6";
    JsonNode first = done(submit("tiny", "{'peft':{" + ranks + "},%s}"));
    JsonNode second = done(submit(first.path("fine_tuned_model").asString(), "{%s}"));
    assertThat(second.at("/adapter/peft/peft_type").asString()).isEqualTo("LORA");
    assertThat(losses(second).getFirst()).isCloseTo(losses(first).getLast(), within(1e-4));
  }

  /** An adapter that has learned nothing shows the base that it is on. */
  @Test
  void anAdapterAnswersOnTheBaseAsItWasRoundedInTraining() throws Exception {
    String nothing = "'training':{'max_steps':1,'learning_rate':1e-12},'peft':{'r':2}";
    JsonNode plain = done(submit("tiny", "{" + nothing + "}"));
    JsonNode rounded =
        done(submit("tiny", "{'quantization':{'load_in_4bit':true}," + nothing + "}"));
    double base = firstLogprob("tiny");
    assertThat(firstLogprob(plain.path("fine_tuned_model").asString()))
        .isCloseTo(base, within(1e-6));
    assertThat(firstLogprob(rounded.path("fine_tuned_model").asString()))
        .isNotCloseTo(base, within(1e-4));
  }

  private double firstLogprob(String model) throws Exception {
    String asked = question(model).replaceFirst("\\{", "{'logprobs':true,");
    return ok(call("POST", "/v1/chat/completions", asked, key))
        .at("/choices/0/logprobs/content/0/logprob")
        .doubleValue();
  }

  @Test
  void whatContradictsTheAdapterOrIsNotTheDepartmentsIsRefused() throws Exception {
    JsonNode first = done(submit("tiny", "{'peft':{'r':4,'init_lora_weights':'pissa'},%s}"));
    String model = first.path("fine_tuned_model").asString();
    refused(submit(model, "{'peft':{'r':16},%s}"), 400, "adapter.peft.r");
    refused(submit(model, "{'method':{'type':'full'},%s}"), 400, "adapter.method");
    refused(submit(model, "{'objective':'classification',%s}"), 400, "adapter.objective");
    refused(submit("tiny", "{'continue_from':'ad_nothing',%s}"), 404, "adapter.continue_from");
    refused(submit("tinier", "{'continue_from':'" + model + "',%s}"), 400, "model");
    refused(submit(model + ":ckpt-step-2", "{%s}"), 400, "model");
    refused(
        call("POST", "/v1/fine_tuning/jobs", body(model, theirRows, "{%s}"), other), 404, "model");
    // The same settings as before, in the words of before, mean the same adapter.
    JsonNode again = ok(submit(model, "{'peft':{'r':4,'init_lora_weights':'pissa'},%s}"));
    assertThat(again.at("/adapter/peft/r").asInt()).isEqualTo(8);
    assertThat(again.at("/adapter/peft/init_lora_weights").asBoolean()).isTrue();
    ok(call("POST", "/v1/fine_tuning/jobs/" + again.path("id").asString() + "/cancel", "", key));
  }

  @Test
  void anotherDepartmentAsksAndContinuesWhatItIsPermitted() throws Exception {
    JsonNode first = done(submit("tiny", "{'peft':{'r':4},%s}"));
    String checkpoint = first.path("fine_tuned_model").asString() + ":ckpt-step-3";
    refused(call("POST", "/v1/chat/completions", question(checkpoint), other), 404, "model");
    String permissions = "/v1/fine_tuning/checkpoints/" + checkpoint + "/permissions";
    String project = "{'project_ids':['" + departments.find("sales").orElseThrow() + "']}";
    ok(call("POST", permissions, project, administrator));
    ok(call("POST", "/v1/chat/completions", question(checkpoint), other));
    JsonNode job =
        ok(call("POST", "/v1/fine_tuning/jobs", body(checkpoint, theirRows, "{%s}"), other));
    assertThat(job.path("parent_model").asString()).isEqualTo(checkpoint);
    await()
        .atMost(Duration.ofMinutes(3))
        .until(() -> jobOf(job, other).path("status").asString().equals("succeeded"));
    assertThat(jobOf(job, other).path("fine_tuned_model").asString()).startsWith("ft:tiny:sales:");
    String result = first.path("fine_tuned_model").asString();
    refused(call("POST", "/v1/chat/completions", question(result), other), 404, "model");
  }

  private JsonNode jobOf(JsonNode job, String key) throws Exception {
    return ok(call("GET", "/v1/fine_tuning/jobs/" + job.path("id").asString(), "", key));
  }

  private HttpResponse<String> submit(String model, String adapter) throws Exception {
    return call("POST", "/v1/fine_tuning/jobs", body(model, rows, adapter), key);
  }

  private static String body(String model, String file, String adapter) {
    return "{'model':'%s','training_file':'%s','validation_file':'%s','adapter':%s}"
        .formatted(model, file, file, adapter.formatted(TRAINING));
  }

  private JsonNode done(HttpResponse<String> submitted) throws Exception {
    String path = "/v1/fine_tuning/jobs/" + ok(submitted).path("id").asString();
    await()
        .atMost(Duration.ofMinutes(3))
        .pollInterval(Duration.ofMillis(300))
        .until(() -> !ok(call("GET", path, "", key)).path("finished_at").isNull());
    JsonNode job = ok(call("GET", path, "", key));
    assertThat(job.path("status").asString()).as(job.toString()).isEqualTo("succeeded");
    return job;
  }

  /** Of the validation file, oldest first. */
  private List<Double> losses(JsonNode job) throws Exception {
    List<Double> losses = new ArrayList<>();
    for (JsonNode event : events(job)) {
      JsonNode loss = event.at("/data/valid_loss");
      if (loss.isNumber()) losses.addFirst(loss.doubleValue());
    }
    return losses;
  }

  private JsonNode events(JsonNode job) throws Exception {
    String path = "/v1/fine_tuning/jobs/" + job.path("id").asString() + "/events?limit=100";
    return ok(call("GET", path, "", key)).path("data");
  }

  private String chat(String model) throws Exception {
    return ok(call("POST", "/v1/chat/completions", question(model), key))
        .at("/choices/0/message/content")
        .asString();
  }

  private static String question(String model) {
    return "{'model':'%s','max_tokens':4,'temperature':0,'messages':[{'role':'user','content':'ab'}]}"
        .formatted(model);
  }

  private static void refused(HttpResponse<String> answer, int status, String param) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonNode error = JsonMapper.shared().readTree(answer.body()).path("error");
    assertThat(error.path("param").asString()).as(answer.body()).isEqualTo(param);
  }

  private String upload(String key) throws Exception {
    StringBuilder form = new StringBuilder();
    form.append(
            "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n--X\r\n")
        .append("Content-Disposition: form-data; name=\"file\"; filename=\"rows.jsonl\"\r\n\r\n");
    for (int i = 1; i < 13; i++) {
      form.append(
          "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}\n"
              .formatted("ab".repeat(i), "xyz".repeat(13 - i)));
    }
    String id = ok(call("POST", "/v1/files", form + "\r\n--X--\r\n", key)).path("id").asString();
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () ->
                ok(call("GET", "/v1/files/" + id, "", key))
                    .path("status")
                    .asString()
                    .equals("processed"));
    return id;
  }

  private HttpResponse<String> call(String method, String path, String body, String key)
      throws Exception {
    boolean form = body.startsWith("--X");
    return HTTP.send(
        HttpRequest.newBuilder(URI.create(url() + path))
            .header("authorization", "Bearer " + key)
            .header("content-type", form ? "multipart/form-data; boundary=X" : "application/json")
            .method(method, BodyPublishers.ofString(form ? body : body.replace('\'', '"')))
            .build(),
        BodyHandlers.ofString());
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }
}
