package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.platform.Secrets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

@GraftIT
class OrganizationIT {
  private static final String PROJECTS = "/v1/organization/projects";
  private static final String ADMIN_KEYS = "/v1/organization/admin_api_keys";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private ApiClient admin = new ApiClient(0, "");
  private String name = "";
  private String project = "";

  @BeforeEach
  void anAdministratorAndAProject() throws Exception {
    admin = new ApiClient(port, keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    name = "Department " + UUID.randomUUID();
    project = PROJECTS + "/" + text(ok(admin.post(PROJECTS, "{'name': '" + name + "'}")), "id");
  }

  @Test
  void aProjectIsMadeRenamedAndArchivedForGood() throws Exception {
    JsonNode made = ok(admin.get(project));
    assertThat(text(made, "id")).startsWith("proj_");
    assertThat(text(made, "object")).isEqualTo("organization.project");
    assertThat(text(made, "status")).isEqualTo("active");
    assertThat(made.get("archived_at").isNull()).isTrue();
    assertThat(text(ok(admin.post(project, "{'name': '" + name + "!'}")), "name"))
        .isEqualTo(name + "!");
    String key = keys.create(text(made, "id"), Caller.Scope.USER).secret();
    ok(admin.as(key).get("/v1/files"));
    assertThat(text(ok(admin.post(project + "/archive", "")), "status")).isEqualTo("archived");
    error(admin.as(key).get("/v1/files"), 401);
    error(admin.post(project, "{'name': 'again'}"), 400);
    assertThat(listed(PROJECTS)).doesNotContain(text(made, "id"));
    assertThat(listed(PROJECTS + "?include_archived=true")).contains(text(made, "id"));
  }

  @Test
  void aNameIsTakenOnce() throws Exception {
    String other = "{'name': '" + name.toUpperCase(java.util.Locale.ROOT) + "'}";
    assertThat(text(error(admin.post(PROJECTS, other), 400), "param")).isEqualTo("name");
    assertThat(text(error(admin.post(PROJECTS, "{}"), 400), "param")).isEqualTo("name");
    assertThat(text(error(admin.post(PROJECTS, "{'title': 'x'}"), 400), "param"))
        .isEqualTo("title");
  }

  @Test
  void projectsPageToAnEmptyPage() throws Exception {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      made.addFirst(text(ok(admin.post(PROJECTS, "{'name': '%s %d'}".formatted(name, i))), "id"));
    }
    JsonNode page = ok(admin.get(PROJECTS + "?limit=2"));
    assertThat(ids(page)).isEqualTo(made.subList(0, 2));
    assertThat(page.get("has_more").asBoolean()).isTrue();
    assertThat(ids(ok(admin.get(PROJECTS + "?limit=1&after=" + made.get(1)))))
        .isEqualTo(made.subList(2, 3));
    assertThat(ids(ok(admin.get(PROJECTS + "?after=proj_unknown")))).isEmpty();
  }

  @Test
  void peopleAreAddedByAddressAndHaveRoles() throws Exception {
    String users = project + "/users";
    JsonNode anna = ok(admin.post(users, "{'email': 'anna@example.org', 'role': 'member'}"));
    String user = users + "/" + text(anna, "id");
    assertThat(text(anna, "object")).isEqualTo("organization.project.user");
    assertThat(text(ok(admin.post(user, "{'role': 'owner'}")), "role")).isEqualTo("owner");
    assertThat(text(ok(admin.post(users, "{'email': 'ANNA@example.org', 'role': 'member'}")), "id"))
        .isEqualTo(text(anna, "id"));
    assertThat(listed(users)).containsExactly(text(anna, "id"));
    error(admin.post(users, "{'email': 'nobody', 'role': 'member'}"), 400);
    error(admin.post(users, "{'email': 'b@example.org', 'role': 'king'}"), 400);
    ok(admin.delete(user));
    error(admin.get(user), 404);
    assertThat(listed(users)).isEmpty();
  }

  @Test
  void aServiceAccountShowsItsKeyOnce() throws Exception {
    String accounts = project + "/service_accounts";
    JsonNode made = ok(admin.post(accounts, "{'name': 'portal'}"));
    JsonNode key = made.get("api_key");
    assertThat(text(key, "object")).isEqualTo("organization.project.service_account.api_key");
    ApiClient portal = admin.as(text(key, "value"));
    ok(portal.get("/v1/files"));
    String path = project + "/api_keys/" + text(key, "id");
    JsonNode shown = ok(admin.get(path));
    assertThat(shown.toString()).doesNotContain(text(key, "value"));
    assertThat(text(shown.get("owner"), "type")).isEqualTo("service_account");
    assertThat(text(shown, "owner_project_access")).isEqualTo("active");
    assertThat(shown.get("last_used_at").isNumber()).isTrue();
    ok(admin.delete(accounts + "/" + text(made, "id")));
    error(portal.get("/v1/files"), 401);
    error(admin.get(accounts + "/" + text(made, "id")), 404);
  }

  @Test
  void aPersonsKeyShowsWhetherThePersonIsStillAMember() throws Exception {
    String id = project.substring(PROJECTS.length() + 1);
    String email = UUID.randomUUID() + "@example.org";
    JsonNode person =
        ok(admin.post(project + "/users", "{'email': '%s', 'role': 'member'}".formatted(email)));
    String key = ApiKeys.PREFIX + UUID.randomUUID();
    sql.sql(
            """
            insert into api_key (id, department_id, name, prefix, hash, person_id, created_at)
            values (:id, :department, 'laptop', 'sk-graft-laptop', :hash, :person, now())
            """)
        .param("id", "key_" + UUID.randomUUID())
        .param("department", id)
        .param("hash", Secrets.hash(key))
        .param("person", text(person, "id"))
        .update();
    String keys = project + "/api_keys";
    JsonNode shown = ok(admin.get(keys)).get("data").get(0);
    assertThat(text(shown, "owner_project_access")).isEqualTo("active");
    assertThat(text(shown.get("owner").get("user"), "email")).isEqualTo(email);
    assertThat(text(shown.get("owner").get("user"), "role")).isEqualTo("member");
    ok(admin.as(key).get("/v1/files"));
    ok(admin.delete(project + "/users/" + text(person, "id")));
    assertThat(text(ok(admin.get(keys)).get("data").get(0), "owner_project_access"))
        .isEqualTo("inactive");
    error(admin.as(key).get("/v1/files"), 403);
    String again = keys + "/" + text(shown, "id") + "/rotate";
    JsonNode successor = ok(admin.post(again, "{}"));
    assertThat(text(ok(admin.get(keys + "/" + text(successor, "id"))), "replaces"))
        .isEqualTo(text(shown, "id"));
  }

  @Test
  void aKeyDoesWhatItsScopesAndItsOwnersRoleLeave() throws Exception {
    String accounts = project + "/service_accounts";
    String account = accounts + "/" + text(ok(admin.post(accounts, "{'name': 'reader'}")), "id");
    String body = "{'name': 'read', 'scopes': ['api.files.read'], 'expires_in_seconds': 3600}";
    ApiClient reader = admin.as(text(ok(admin.post(account + "/api_keys", body)), "value"));
    ok(reader.get("/v1/files"));
    JsonNode refused = error(reader.post("/v1/uploads", "{}"), 403);
    assertThat(text(refused, "message")).contains("api.files.write");
    error(reader.get("/v1/fine_tuning/jobs"), 403);
    error(admin.post(account + "/api_keys", "{'scopes': ['api.everything']}"), 400);
    JsonNode bare =
        ok(admin.post(accounts, "{'name': 'bare', 'create_service_account_only': true}"));
    assertThat(bare.get("api_key").isNull()).isTrue();
    String barePath = accounts + "/" + text(bare, "id");
    ApiClient none = admin.as(text(ok(admin.post(barePath + "/api_keys", "{}")), "value"));
    error(none.get("/v1/files"), 403);
    ok(admin.post(barePath, "{'role': 'member'}"));
    ok(none.get("/v1/files"));
  }

  @Test
  void anOwnerLooksAfterItsOwnProjectOnly() throws Exception {
    String accounts = project + "/service_accounts";
    String account = accounts + "/" + text(ok(admin.post(accounts, "{'name': 'boss'}")), "id");
    ok(admin.post(account, "{'role': 'owner'}"));
    String all = text(ok(admin.post(account + "/api_keys", "{}")), "value");
    ApiClient owner = admin.as(all);
    ok(owner.get(project));
    ok(owner.post(project + "/users", "{'email': 'c@example.org', 'role': 'owner'}"));
    error(owner.post(project, "{'name': 'mine'}"), 403);
    error(owner.get(PROJECTS), 403);
    String other = PROJECTS + "/" + departments.ensure("other");
    error(owner.get(other), 404);
    error(owner.post(other + "/users", "{'email': 'c@example.org', 'role': 'owner'}"), 404);
    String some = "{'scopes': ['api.project.read', 'api.project.write']}";
    ApiClient keeper = admin.as(text(ok(owner.post(account + "/api_keys", some)), "value"));
    error(keeper.post(accounts, "{'name': 'more than it may'}"), 403);
    error(keeper.post(account + "/api_keys", "{}"), 403);
    ok(keeper.post(account + "/api_keys", some));
  }

  @Test
  void aKeyIsRotatedWithOverlap() throws Exception {
    JsonNode made = ok(admin.post(project + "/service_accounts", "{'name': 'portal'}"));
    String path = project + "/api_keys/" + text(made.get("api_key"), "id");
    JsonNode next = ok(admin.post(path + "/rotate", "{'overlap_seconds': 600}"));
    ok(admin.as(text(made.get("api_key"), "value")).get("/v1/files"));
    ok(admin.as(text(next, "value")).get("/v1/files"));
    assertThat(ok(admin.get(path)).get("expires_at").isNumber()).isTrue();
    ok(admin.delete(path));
    error(admin.as(text(made.get("api_key"), "value")).get("/v1/files"), 401);
    error(admin.post(path + "/rotate", "{}"), 404);
    assertThat(listed(project + "/api_keys")).containsExactly(text(next, "id"));
  }

  @Test
  void administratorsKeysOpenTheOrganizationAndNoDepartment() throws Exception {
    JsonNode made = ok(admin.post(ADMIN_KEYS, "{'name': 'ops', 'expires_in_seconds': 60}"));
    assertThat(text(made, "object")).isEqualTo("organization.admin_api_key");
    ApiClient second = admin.as(text(made, "value"));
    String path = ADMIN_KEYS + "/" + text(made, "id");
    assertThat(ok(second.get(path)).has("value")).isFalse();
    error(second.get("/v1/files"), 403);
    assertThat(listed(ADMIN_KEYS)).contains(text(made, "id"));
    ok(admin.delete(path));
    error(second.get(PROJECTS), 401);
    error(admin.get(path), 404);
  }

  private List<String> listed(String path) throws Exception {
    return ids(ok(admin.get(path)));
  }

  private static List<String> ids(JsonNode page) {
    return page.get("data").valueStream().map(each -> text(each, "id")).toList();
  }
}
