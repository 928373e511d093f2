package dev.graft;

import static dev.graft.tenancy.ApiClient.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.jobs.TestJobs;
import dev.graft.pg.CountedStatements;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;

/** A list costs the same few SQL statements for one row and for five: no query for each row. */
@GraftIT
class StatementsPerRouteIT {
  /** Authentication, the rate limit, the list and what belongs to it. */
  private static final int MOST_STATEMENTS = 8;

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters adapters;
  @Autowired CountedStatements counted;
  @Autowired JdbcClient sql;

  private final TestJobs seed = new TestJobs();
  private String department = "";
  private String project = "";
  private ApiClient own = new ApiClient(0, "");
  private ApiClient admin = own;

  @BeforeEach
  void aDepartment() {
    department = departments.ensure("d-" + UUID.randomUUID());
    project = "/v1/organization/projects/" + department;
    own = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    admin = own.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    seed.baseModel(sql);
  }

  @Test
  void aListSendsNoStatementForEachRow() throws Exception {
    addOneOfEach();
    Map<String, List<String>> one = statements();
    for (int i = 0; i < 4; i++) addOneOfEach();
    Map<String, List<String>> five = statements();
    assertThat(five).hasSizeGreaterThanOrEqualTo(10);
    five.forEach(
        (route, sent) ->
            assertThat(sent)
                .as(route)
                .hasSameSizeAs(one.get(route))
                .hasSizeBetween(1, MOST_STATEMENTS));
  }

  private Map<String, List<String>> statements() throws IOException, InterruptedException {
    Map<String, List<String>> routes = new LinkedHashMap<>();
    for (String path :
        List.of(
            "/v1/files",
            "/v1/fine_tuning/jobs",
            "/v1/adapter_configs",
            "/v1/models",
            "/v1/adapters",
            "/v1/aliases",
            "/v1/evaluations",
            "/v1/webhook_endpoints")) {
      routes.put("GET " + path, statements(own, path));
    }
    for (String path :
        List.of(
            "/v1/base_models",
            "/v1/organization/projects",
            project + "/users",
            project + "/service_accounts",
            project + "/api_keys",
            "/v1/organization/worker_tokens")) {
      routes.put("GET " + path, statements(admin, path));
    }
    routes.forEach(
        (route, sent) ->
            System.out.println(
                "ROUTE "
                    + sent.size()
                    + " "
                    + route
                    + "\n  "
                    + String.join(
                        "\n  ", sent.stream().map(x -> x.replaceAll("\\s+", " ")).toList())));
    return routes;
  }

  private List<String> statements(ApiClient client, String path)
      throws IOException, InterruptedException {
    String request = UUID.randomUUID().toString();
    ok(client.send("GET", path, null, CountedStatements.HEADER, request));
    return counted.of(request);
  }

  private void addOneOfEach() throws IOException, InterruptedException {
    String name = "n-" + UUID.randomUUID();
    String file = seed.file(sql, department);
    ok(
        own.post(
            "/v1/fine_tuning/jobs",
            "{'model': '%s', 'training_file': '%s'}".formatted(TestJobs.BASE, file)));
    ok(
        own.post(
            "/v1/adapter_configs",
            "{'name': '%s', 'adapter': {'peft': {'r': 4}}}".formatted(name)));
    String model = adapters.publish(department).model();
    ok(own.post("/v1/aliases", "{'name': '%s', 'model': '%s'}".formatted(name, model)));
    ok(
        own.post(
            "/v1/webhook_endpoints",
            "{'name': '%s', 'url': 'https://1.1.1.1/hook', 'event_types': ['fine_tuning.job.failed']}"
                .formatted(name)));
    ok(admin.post("/v1/organization/projects", "{'name': '%s'}".formatted(name)));
    ok(
        admin.post(
            project + "/users", "{'email': '%s@example.org', 'role': 'member'}".formatted(name)));
    ok(admin.post(project + "/service_accounts", "{'name': '%s'}".formatted(name)));
    ok(admin.post("/v1/organization/worker_tokens", "{'worker_class': 'gpu'}"));
  }
}
