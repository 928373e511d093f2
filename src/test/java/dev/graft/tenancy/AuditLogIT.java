package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@GraftIT
class AuditLogIT {
  private static final String LOGS = "/v1/organization/audit_logs?limit=100";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired AuditLog audit;
  @Autowired AuditEntries entries;
  @Autowired JdbcClient sql;
  @Autowired TransactionOperations transactions;
  private ApiClient admin = new ApiClient(0, "");
  private String adminKey = "";
  private String department = "";
  private String project = "";

  @BeforeEach
  void anAdministratorAndAProject() throws Exception {
    ApiKeys.Created key = keys.createForAdministrator(ApiKeys.UNNAMED, null);
    adminKey = key.id();
    admin = new ApiClient(port, key.secret());
    String name = "{'name': 'audited " + UUID.randomUUID() + "'}";
    department = text(ok(admin.post("/v1/organization/projects", name)), "id");
    project = "/v1/organization/projects/" + department;
  }

  @Test
  void whatAnAdministratorDoesHasOpenAisTypesAndShape() throws Exception {
    JsonNode account = ok(admin.post(project + "/service_accounts", "{'name': 'portal'}"));
    ok(admin.post(project + "/users", "{'email': 'a@example.org', 'role': 'owner'}"));
    ok(admin.delete(project + "/api_keys/" + text(account.get("api_key"), "id")));
    ok(admin.post(project, "{'name': 'renamed " + UUID.randomUUID() + "'}"));
    ok(admin.post(project + "/archive", ""));
    JsonNode logged = logged("&project_ids%5B%5D=" + department);
    assertThat(types(logged))
        .containsExactly(
            "project.archived",
            "project.updated",
            "api_key.deleted",
            "user.added",
            "api_key.created",
            "service_account.created",
            "project.created");
    JsonNode created = logged.get(5);
    assertThat(text(created.get("service_account.created"), "id")).isEqualTo(text(account, "id"));
    assertThat(text(created.get("service_account.created").get("data"), "role"))
        .isEqualTo("member");
    assertThat(text(created.get("project"), "id")).isEqualTo(department);
    assertThat(created.get("effective_at").isNumber()).isTrue();
    assertThat(text(created, "request_id")).startsWith("req_");
    assertThat(text(created.get("actor"), "type")).isEqualTo("api_key");
    assertThat(text(created.get("actor").get("api_key"), "id")).isEqualTo(adminKey);
    assertThat(text(created.get("actor").get("api_key"), "name")).isEqualTo(ApiKeys.UNNAMED);
    assertThat(logged.get(4).at("/api_key.created/data/name").asString()).isEqualTo("portal");
    assertThat(logged.get(2).at("/api_key.deleted/name").asString()).isEqualTo("portal");
    assertThat(logged.toString()).doesNotContain(text(account.get("api_key"), "value"));
  }

  @Test
  void entriesAreFilteredAndPaged() throws Exception {
    for (int i = 0; i < 3; i++) audit.write("file.deleted", department, "thing-" + i, Map.of());
    String mine = "&event_types%5B%5D=file.deleted&project_ids%5B%5D=" + department;
    JsonNode all = logged(mine);
    assertThat(ids(all)).hasSize(3);
    assertThat(ids(logged(mine + "&resource_ids%5B%5D=thing-1")))
        .containsExactly(text(all.get(1), "id"));
    assertThat(ids(logged(mine + "&after=" + text(all.get(1), "id"))))
        .containsExactly(text(all.get(2), "id"));
    assertThat(ids(logged(mine + "&before=" + text(all.get(1), "id"))))
        .containsExactly(text(all.get(0), "id"));
    JsonNode nearest =
        ok(admin.get(LOGS.replace("100", "1") + mine + "&before=" + text(all.get(2), "id")));
    assertThat(ids(nearest.get("data"))).containsExactly(text(all.get(1), "id"));
    assertThat(nearest.get("has_more").asBoolean()).isTrue();
    long now = all.get(0).get("effective_at").asLong();
    assertThat(ids(logged(mine + "&effective_at%5Bgt%5D=" + (now + 10)))).isEmpty();
    assertThat(ids(logged(mine + "&effective_at%5Bgte%5D=" + (now - 60)))).hasSize(3);
    assertThat(ids(logged(mine + "&actor_ids%5B%5D=" + adminKey))).isEmpty();
    error(admin.get(LOGS + "&effective_at%5Bgt%5D=soon"), 400);
  }

  @Test
  void theExportHasALineForEachEntryThatMatchesTheOldestFirst() throws Exception {
    for (int i = 0; i < 1001; i++) audit.write("file.deleted", department, "thing-" + i, Map.of());
    String mine = "?event_types%5B%5D=file.deleted&project_ids%5B%5D=" + department;
    HttpResponse<String> answer = admin.get("/v1/organization/audit_logs/export" + mine);
    assertThat(answer.headers().firstValue("content-type")).contains("application/jsonl");
    List<JsonNode> lines =
        answer.body().lines().map(line -> JsonMapper.shared().readTree(line)).toList();
    assertThat(lines).extracting(line -> text(line.get("file.deleted"), "id")).hasSize(1001);
    assertThat(text(lines.getFirst().get("file.deleted"), "id")).isEqualTo("thing-0");
    assertThat(lines.getLast()).isEqualTo(logged(mine.replace('?', '&')).get(0));
    JsonNode exported = logged("&event_types%5B%5D=audit_log.exported").get(0);
    assertThat(exported.at("/audit_log.exported/filters/project_ids[]/0").asString())
        .isEqualTo(department);
    error(admin.get("/v1/organization/audit_logs/export?effective_at%5Bgt%5D=soon"), 400);
    ApiClient own = admin.as(keys.create(department, Caller.Scope.USER).secret());
    error(own.get("/v1/organization/audit_logs/export"), 403);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "update audit_log set type = 'nothing'",
        "delete from audit_log",
        "truncate audit_log"
      })
  void theDatabaseRefusesWhateverIsNotAnAddition(String statement) {
    audit.write("file.deleted", department, "thing", Map.of());
    assertThatThrownBy(() -> sql.sql(statement).update())
        .isInstanceOf(DataAccessException.class)
        .hasStackTraceContaining("append-only");
    assertThatThrownBy(
            () ->
                transactions.executeWithoutResult(
                    transaction -> {
                      sql.sql("set local session_replication_role = replica").update();
                      sql.sql(statement).update();
                    }))
        .hasStackTraceContaining("append-only");
  }

  @Test
  void anEntryIsUndoneWithWhatItTells() {
    transactions.executeWithoutResult(
        transaction -> {
          departments.archive(department);
          transaction.setRollbackOnly();
        });
    assertThat(entries("project.archived")).isEmpty();
    departments.archive(department);
    assertThat(entries("project.archived")).hasSize(1);
  }

  @Test
  void deniedAccessesAreNotedWithTheirReason() throws Exception {
    ApiClient own = admin.as(keys.create(department, Caller.Scope.USER).secret());
    Map<String, String> foreign =
        new ForeignThings(sql, admin).make(departments.ensure("other " + UUID.randomUUID()));
    String file = foreign.get("/v1/files/{id}");
    error(
        own.post("/v1/fine_tuning/jobs", "{'model': 'tiny', 'training_file': '" + file + "'}"),
        400);
    error(own.get("/v1/organization/projects"), 403);
    error(own.get("/v1/files/file-nowhere"), 404);
    await().until(() -> entries("access.denied").size() == 2);
    JsonNode denied = logged("&event_types%5B%5D=access.denied&project_ids%5B%5D=" + department);
    assertThat(text(denied.get(0).get("access.denied"), "path"))
        .isEqualTo("/v1/organization/projects");
    assertThat(text(denied.get(1).get("access.denied"), "id")).isEqualTo(file);
    String encoded = URLEncoder.encode(file, StandardCharsets.UTF_8);
    assertThat(ids(logged("&resource_ids%5B%5D=" + encoded))).hasSize(1);
  }

  private List<AuditEntries.Entry> entries(String type) {
    return entries.older(
        new AuditEntries.Filters(
            null, null, List.of(department), List.of(type), List.of(), List.of(), List.of()),
        null,
        100);
  }

  private JsonNode logged(String filter) throws Exception {
    return ok(admin.get(LOGS + filter)).get("data");
  }

  private static List<String> types(JsonNode entries) {
    return entries.valueStream().map(each -> text(each, "type")).toList();
  }

  private static List<String> ids(JsonNode entries) {
    return entries.valueStream().map(each -> text(each, "id")).toList();
  }
}
