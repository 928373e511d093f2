package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.platform.Traces;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@GraftIT
class JobApiIT {
  private static final String JOBS = "/v1/fine_tuning/jobs";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  @Autowired Traces traces;
  private final HttpClient http = HttpClient.newHttpClient();
  private final TestJobs seed = new TestJobs();
  private String key = "";
  private String file = "";

  @BeforeEach
  void aDepartmentWithAFile() {
    String name = "d-" + Long.toString(System.nanoTime(), 36);
    String department = departments.ensure(name);
    key = keys.create(department, Caller.Scope.USER).secret();
    seed.baseModel(sql);
    file = seed.file(sql, department);
  }

  @Test
  void newJobHasEveryFieldOfOpenAiAndGraft() throws Exception {
    JsonNode job =
        ok(post(JOBS, "{%s,\"suffix\":\"support\",\"seed\":7,\"metadata\":{\"a\":\"b\"}}"));
    for (String field :
        List.of(
            "id",
            "object",
            "created_at",
            "finished_at",
            "estimated_finish",
            "model",
            "fine_tuned_model",
            "organization_id",
            "status",
            "training_file",
            "validation_file",
            "result_files",
            "trained_tokens",
            "error",
            "hyperparameters",
            "method",
            "seed",
            "integrations",
            "metadata",
            "adapter",
            "base_model",
            "priority",
            "sub_status",
            "reason",
            "next_step",
            "progress",
            "queue",
            "attempts",
            "worker",
            "usage",
            "artifacts",
            "failure")) {
      assertThat(job.has(field)).as(field).isTrue();
    }
    assertThat(job.get("status").asString()).isEqualTo("queued");
    assertThat(job.get("error").isNull()).isTrue();
    assertThat(job.get("hyperparameters").get("n_epochs").asInt()).isEqualTo(3);
    assertThat(job.get("adapter").get("peft").get("r").asInt()).isEqualTo(16);
    assertThat(job.get("queue").get("position").asInt()).isEqualTo(1);
    assertThat(get(JOBS + "/" + job.get("id").asString()).body())
        .contains(job.get("id").asString());
  }

  @Test
  void withoutACollectorATraceIsNotGoneOnWith() throws Exception {
    JsonNode job =
        ok(
            send(
                authorised(JOBS)
                    .header("traceparent", "00-%s-%s-01".formatted("1".repeat(32), "2".repeat(16)))
                    .POST(BodyPublishers.ofString(body("{%s}")))));
    assertThat(traces).isSameAs(Traces.NONE);
    assertThat(
            sql.sql("select count(*) from job where id = :id and traceparent is null")
                .param("id", job.get("id").asString())
                .query(Long.class)
                .single())
        .isOne();
  }

  @Test
  void faultsAreRefusedWithTheirPaths() throws Exception {
    error(post(JOBS, "{%s,\"colour\":1}"), 400, "colour");
    error(post(JOBS, "{%s,\"adapter\":{\"peft\":{\"r\":0}}}"), 400, "adapter.peft.r");
    error(post(JOBS, "{%s,\"integrations\":[{\"type\":\"wandb\"}]}"), 400, "integrations[0].type");
    error(
        post(JOBS, "{%s,\"adapter\":{\"training\":{\"max_length\":4096}}}"),
        400,
        "adapter.training.max_length");
    error(post(JOBS, "{\"model\":\"none\",\"training_file\":\"" + file + "\"}"), 404, "model");
    error(post(JOBS, "{\"model\":\"tiny\",\"training_file\":\"file-0\"}"), 400, "training_file");
    JsonNode several = error(post(JOBS, "{\"x\":1,\"y\":2}"), 400, null);
    assertThat(several.get("errors").size()).isGreaterThanOrEqualTo(4);
  }

  @Test
  void listPagesNewestFirstToAnEmptyPage() throws Exception {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      made.addFirst(ok(post(JOBS, "{%s,\"metadata\":{\"n\":\"" + i + "\"}}")).get("id").asString());
    }
    JsonNode page = ok(get(JOBS + "?limit=2"));
    assertThat(page.get("has_more").asBoolean()).isTrue();
    assertThat(ids(page)).isEqualTo(made.subList(0, 2));
    JsonNode rest = ok(get(JOBS + "?limit=2&after=" + made.get(1)));
    assertThat(ids(rest)).isEqualTo(made.subList(2, 3));
    assertThat(ids(ok(get(JOBS + "?after=" + made.get(2))))).isEmpty();
    assertThat(ids(ok(get(JOBS + "?after=ftjob-unknown")))).isEmpty();
    assertThat(ids(ok(get(JOBS + "?metadata%5Bn%5D=1")))).isEqualTo(made.subList(1, 2));
    assertThat(ids(ok(get(JOBS + "?metadata=null")))).isEmpty();
    error(get(JOBS + "?limit=0"), 400, "limit");
  }

  @Test
  void cancelEndsAQueuedJobOnceAndIsRefusedAfterwards() throws Exception {
    String id = ok(post(JOBS, "{%s}")).get("id").asString();
    JsonNode cancelled = ok(post(JOBS + "/" + id + "/cancel", ""));
    assertThat(cancelled.get("status").asString()).isEqualTo("cancelled");
    assertThat(cancelled.get("finished_at").isNumber()).isTrue();
    assertThat(cancelled.get("reason").asString())
        .matches("Cancelled by unnamed key \\(key_\\w+\\)\\.");
    error(post(JOBS + "/" + id + "/cancel", ""), 400, null);
    error(post(JOBS + "/" + id + "/pause", ""), 400, null);
    error(post(JOBS + "/" + id + "/resume", ""), 400, null);
    JsonNode events = ok(get(JOBS + "/" + id + "/events?limit=1"));
    assertThat(events.get("data").get(0).get("message").asString())
        .isEqualTo("Fine-tuning job cancelled");
    String last = events.get("data").get(0).get("id").asString();
    JsonNode before = ok(get(JOBS + "/" + id + "/events?after=" + last));
    // Beside its creation perhaps that no worker of another test can hold it.
    List<JsonNode> earlier = before.get("data").valueStream().toList();
    assertThat(earlier).extracting(event -> event.get("id").asString()).doesNotContain(last);
    assertThat(earlier.getLast().get("message").asString()).startsWith("Created fine-tuning job");
    assertThat(before.get("has_more").asBoolean()).isFalse();
    assertThat(ok(get(JOBS + "/" + id + "/checkpoints")).get("data").size()).isZero();
  }

  @Test
  void aPausedJobIsPausedAgainAndResumed() throws Exception {
    String path = JOBS + "/" + ok(post(JOBS, "{%s}")).get("id").asString();
    for (int i = 0; i < 2; i++) {
      assertThat(ok(post(path + "/pause", "")).get("status").asString()).isEqualTo("paused");
    }
    assertThat(ok(get(path)).get("queue").isNull()).isTrue();
    for (int i = 0; i < 2; i++) {
      assertThat(ok(post(path + "/resume", "")).get("status").asString()).isEqualTo("queued");
    }
    assertThat(ok(get(path)).get("queue").get("position").asInt()).isEqualTo(1);
  }

  @Test
  void jobOfAnotherDepartmentDoesNotExist() throws Exception {
    String id = ok(post(JOBS, "{%s}")).get("id").asString();
    key = keys.create(departments.ensure("others"), Caller.Scope.USER).secret();
    for (String path : List.of("", "/events", "/checkpoints")) {
      assertThat(get(JOBS + "/" + id + path).statusCode()).isEqualTo(404);
    }
    for (String path : List.of("/cancel", "/pause", "/resume")) {
      assertThat(post(JOBS + "/" + id + path, "").statusCode()).isEqualTo(404);
    }
    assertThat(post(JOBS, "{%s}").statusCode()).isEqualTo(400);
  }

  @Test
  void administratorsSeeTheJobsOfAllDepartments() throws Exception {
    JsonNode job = ok(post(JOBS, "{%s}"));
    String id = job.get("id").asString();
    String department = job.get("organization_id").asString();
    String all = "/v1/organization/fine_tuning/jobs";
    error(get(all), 403, null);
    key = keys.createForAdministrator("operations", null).secret();
    JsonNode page = ok(get(all + "?limit=1&status=queued"));
    assertThat(ids(page)).containsExactly(id);
    JsonNode shown = page.at("/data/0");
    assertThat(shown.at("/project/id").asString()).isEqualTo(department);
    assertThat(shown.at("/project/name").asString()).isNotEmpty();
    assertThat(shown.get("training_file_name")).isEqualTo(job.get("training_file_name"));
    assertThat(shown.get("submitted_by").asString()).isEqualTo(ApiKeys.UNNAMED);
    assertThat(shown.at("/queue/position").asInt()).isOne();
    assertThat(ids(ok(get(all + "?limit=100&after=" + id)))).doesNotContain(id);
    assertThat(ids(ok(get(all + "?project_ids%5B%5D=" + department)))).contains(id);
    assertThat(ids(ok(get(all + "?project_ids%5B%5D=proj_none")))).isEmpty();
    assertThat(ids(ok(get(all + "?status=failed")))).doesNotContain(id);
    error(get(all + "?status=broken"), 400, "status");
  }

  @Test
  void jobsOfAnArchivedDepartmentAreCancelled() throws Exception {
    JsonNode job = ok(post(JOBS, "{%s}"));
    String department = job.get("organization_id").asString();
    key = keys.createForAdministrator(ApiKeys.UNNAMED, null).secret();
    ok(post("/v1/organization/projects/" + department + "/archive", ""));
    assertThat(
            sql.sql("select state from job where id = :id")
                .param("id", job.get("id").asString())
                .query(String.class)
                .single())
        .isEqualTo("cancelled");
    assertThat(new Queue(sql).shown(department, job.get("id").asString()).get("reason").asString())
        .isEqualTo("Cancelled, because its project was archived.");
  }

  private List<String> ids(JsonNode page) {
    return page.get("data").valueStream().map(job -> job.get("id").asString()).toList();
  }

  private String body(String template) {
    return template.replace("%s", "\"model\":\"tiny\",\"training_file\":\"" + file + "\"");
  }

  private HttpResponse<String> post(String path, String template) throws Exception {
    return send(authorised(path).POST(BodyPublishers.ofString(body(template))));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(authorised(path).GET());
  }

  private HttpRequest.Builder authorised(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .header("content-type", "application/json")
        .header("authorization", "Bearer " + key);
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }

  private static JsonNode error(HttpResponse<String> response, int status, String param) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = JsonMapper.shared().readTree(response.body()).get("error");
    if (param != null) assertThat(error.get("param").asString()).isEqualTo(param);
    return error;
  }
}
