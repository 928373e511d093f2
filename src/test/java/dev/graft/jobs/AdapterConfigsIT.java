package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Settings by name, from the portal of a department to the job that runs with them. */
@GraftIT
class AdapterConfigsIT {
  private static final String CONFIGS = "/v1/adapter_configs";
  private static final String SUPPORT =
      "{'name':'support','description':'tickets','adapter':{'peft':{'r':4},"
          + "'training':{'num_train_epochs':2}}}";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private final HttpClient http = HttpClient.newHttpClient();
  private String key = "";
  private String file = "";

  @BeforeEach
  void aDepartmentWithAFile() {
    TestJobs seed = new TestJobs();
    String department = departments.ensure("d-" + UUID.randomUUID());
    key = keys.create(department, Caller.Scope.USER).secret();
    seed.baseModel(sql);
    file = seed.file(sql, department);
  }

  @Test
  void theSchemaOfTheSettingsIsServedAndItsPlaceIsNoName() throws Exception {
    JsonNode schema = ok(get(CONFIGS + "/schema"));
    assertThat(schema.get("$schema").asString()).endsWith("draft/2020-12/schema");
    assertThat(schema.at("/anyOf/2/properties/training/properties/learning_rate/maximum").asInt())
        .isEqualTo(1);
    assertThat(post(CONFIGS, SUPPORT.replace("support", "schema")).body())
        .contains("not be schema");
  }

  @Test
  void ofTwoWhoGiveOneNameAtOnceTheSecondIsRefused() throws Exception {
    Callable<Integer> one = () -> post(CONFIGS, SUPPORT).statusCode();
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      assertThat(threads.invokeAll(List.of(one, one)))
          .extracting(Future::resultNow)
          .containsExactlyInAnyOrder(200, 400);
    }
  }

  @Test
  void aVersionNeverChangesAndAJobTakesTheOneItNames() throws Exception {
    JsonNode first = ok(post(CONFIGS, SUPPORT));
    String id = first.get("id").asString();
    assertThat(id).startsWith("ac_");
    assertThat(first.at("/resolved/training/learning_rate").doubleValue()).isEqualTo(2e-4);
    post(CONFIGS + "/" + id + "/versions", "{'adapter':{'peft':{'r':32}}}");
    assertThat(ok(get(CONFIGS + "/support")).get("version").intValue()).isEqualTo(2);
    assertThat(rank(ok(get(CONFIGS + "/" + id + "?version=1")))).isEqualTo(4);
    assertThat(ok(get(CONFIGS + "/support/versions")).get("data").size()).isEqualTo(2);
    for (String version : List.of("", "1.0", "one")) {
      assertThat(get(CONFIGS + "/support?version=" + version).statusCode()).isEqualTo(400);
    }

    assertThat(rank(job("{'config':'" + id + "'}"))).isEqualTo(32);
    JsonNode old = job("{'config':'support','version':1,'training':{'max_steps':7}}");
    assertThat(rank(old)).isEqualTo(4);
    assertThat(old.at("/adapter/training/num_train_epochs").intValue()).isEqualTo(2);
    assertThat(old.at("/adapter/training/max_steps").intValue()).isEqualTo(7);
  }

  @Test
  void aRetryIsTheSameConfigurationAndTheSameVersion() throws Exception {
    JsonNode first = ok(post(CONFIGS, SUPPORT));
    assertThat(ok(retry(CONFIGS, SUPPORT)).get("id")).isEqualTo(first.get("id"));
    String versions = CONFIGS + "/support/versions";
    assertThat(ok(post(versions, SUPPORT)).get("version").intValue()).isEqualTo(2);
    assertThat(ok(retry(versions, SUPPORT)).get("version").intValue()).isEqualTo(2);
  }

  private HttpResponse<String> retry(String path, String body) throws Exception {
    return send(
        request(path)
            .header("X-Stainless-Retry-Count", "1")
            .POST(BodyPublishers.ofString(body.replace('\'', '"'))));
  }

  @Test
  void presetsAreThereForEveryoneAndCannotBeChanged() throws Exception {
    assertThat(rank(job("'balanced'"))).isEqualTo(16);
    assertThat(rank(job("{'config':'edge','peft':{'r':2}}"))).isEqualTo(2);
    JsonNode full = job("{'config':'edge','method':{'type':'full'}}");
    assertThat(full.at("/adapter/method/type").asString()).isEqualTo("full");
    JsonNode listed = ok(get(CONFIGS)).get("data");
    assertThat(listed.valueStream().map(each -> each.get("id").asString()))
        .containsExactly("draft", "balanced", "quality", "edge");
    error(send(request(CONFIGS + "/draft").DELETE()), 400, "id");
    error(post(CONFIGS + "/draft/versions", "{'adapter':{}}"), 400, "id");
    error(post(CONFIGS, SUPPORT.replace("support", "draft")), 400, "name");
  }

  @Test
  void whatAJobWouldRefuseIsRefusedHereAtItsPath() throws Exception {
    error(post(CONFIGS, SUPPORT.replace("'r':4", "'r':0")), 400, "adapter.peft.r");
    error(post(CONFIGS, "{'name':'x'}"), 400, "adapter");
    ok(post(CONFIGS, SUPPORT));
    error(post(CONFIGS, SUPPORT), 400, "name");
    error(submit("'fast'"), 400, "adapter");
    assertThat(submit("'balansed'").body())
        .contains(
            "No such adapter configuration: 'balansed'. Did you mean 'balanced'? Presets are");
    assertThat(submit("'suport'").body()).contains("Did you mean 'support'?");
    error(submit("{'config':'support','version':3}"), 400, "adapter.config");
    assertThat(submit("{'config':'support','version':3}").body())
        .contains("'support' has no such version");
    error(submit("{'config':'support','peft':{'r':0}}"), 400, "adapter.peft.r");
  }

  @Test
  void aDeletedOneIsGoneAndItsNameIsFree() throws Exception {
    String id = ok(post(CONFIGS, SUPPORT)).get("id").asString();
    assertThat(ok(send(request(CONFIGS + "/support").DELETE())).get("id").asString()).isEqualTo(id);
    error(get(CONFIGS + "/" + id), 404, "id");
    assertThat(ok(post(CONFIGS, SUPPORT)).get("id").asString()).isNotEqualTo(id);
  }

  private static int rank(JsonNode object) {
    return object.at("/adapter/peft/r").intValue();
  }

  private HttpResponse<String> submit(String adapter) throws Exception {
    return post(
        "/v1/fine_tuning/jobs",
        "{'model':'tiny','training_file':'%s','adapter':%s}".formatted(file, adapter));
  }

  private JsonNode job(String adapter) throws Exception {
    return ok(submit(adapter));
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return send(request(path).POST(BodyPublishers.ofString(body.replace('\'', '"'))));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send(request(path).GET());
  }

  private HttpRequest.Builder request(String path) {
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

  private static void error(HttpResponse<String> response, int status, String param) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(JsonMapper.shared().readTree(response.body()).at("/error/param").asString())
        .isEqualTo(param);
  }
}
