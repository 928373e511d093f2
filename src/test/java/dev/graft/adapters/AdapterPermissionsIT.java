package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** An adapter in the hands of another department, as its own one says. */
@GraftIT
class AdapterPermissionsIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  private String guest;
  private ApiClient own;
  private ApiClient other;
  private ApiClient administrator;
  private Published model;
  private String path;
  private String permissions;

  @BeforeEach
  void anAdapterOfOneDepartment() throws Exception {
    ApiClient anyone = new ApiClient(port, "");
    String owner = departments.ensure("owner " + UUID.randomUUID());
    guest = departments.ensure("guest " + UUID.randomUUID());
    other = anyone.as(keys.create(guest, Caller.Scope.USER).secret());
    administrator = anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    own = anOwner(owner);
    model = published.publish(owner, "shared", null);
    path = "/v1/adapters/" + model.id();
    permissions = path + "/permissions";
  }

  @Test
  void whoMayUseSeesTheCardAndWhoMayDownloadTheFiles() throws Exception {
    error(other.get(path), 404);
    JsonNode made = ok(permit(own, "use")).at("/data/0");
    assertThat(text(made, "object")).isEqualTo("adapter.permission");
    assertThat(text(made, "project_id")).isEqualTo(guest);
    assertThat(text(ok(other.get(path)), "owned_by")).startsWith("owner ");
    ok(other.get("/v1/models/" + model.model()));
    assertThat(text(error(other.get(path + "/content"), 403), "message")).contains("not download");
    error(other.get(path + "/files/weights.txt"), 403);
    assertThat(ids(other, "/v1/adapters")).isEmpty();
    assertThat(ids(other, "/v1/adapters?shared=true")).containsExactly(model.id());
    assertThat(ids(other, "/v1/adapters?shared=true&name=unlike")).isEmpty();
    assertThat(ids(own, "/v1/adapters?shared=true")).isEmpty();

    JsonNode more = ok(permit(own, "download")).at("/data/0");
    assertThat(text(more, "id")).isEqualTo(text(made, "id"));
    assertThat(text(more, "access")).isEqualTo("download");
    assertThat(other.get(path + "/files/weights.txt").statusCode()).isEqualTo(200);
    error(other.delete(path), 404);
    error(other.get(path + "/lineage"), 404);

    ok(own.delete(permissions + "/" + text(made, "id")));
    error(own.delete(permissions + "/" + text(made, "id")), 404);
    error(other.get(path), 404);
    assertThat(audited(text(made, "id")))
        .containsExactly(
            "checkpoint.permission.deleted",
            "checkpoint.permission.created",
            "checkpoint.permission.created");
  }

  @Test
  void theyAreThePermissionsThatAdministratorsGiveInOpenAisWay() throws Exception {
    ok(permit(own, "download"));
    String openAi =
        "/v1/fine_tuning/checkpoints/" + model.model().replace(":", "%3A") + "/permissions";
    JsonNode same = ok(administrator.post(openAi, "{'project_ids': ['" + guest + "']}"));
    JsonNode listed = ok(own.get(permissions));
    assertThat(listed.path("data").size()).isEqualTo(1);
    assertThat(text(listed.at("/data/0"), "id")).isEqualTo(text(same.at("/data/0"), "id"));
    assertThat(text(listed.at("/data/0"), "access")).isEqualTo("download");
    assertThat(ok(administrator.get(permissions))).isEqualTo(listed);
    ok(administrator.delete(openAi + "/" + text(same.at("/data/0"), "id")));
    assertThat(ok(own.get(permissions)).path("data").isEmpty()).isTrue();
  }

  @Test
  void aGuestHandsNothingOn() throws Exception {
    ok(permit(own, "download"));
    ApiClient guests = anOwner(guest);
    error(permit(guests, "use"), 404);
    error(guests.get(permissions), 404);
    assertThat(text(error(own.post(permissions, "{}"), 400), "param")).isEqualTo("project_ids");
    assertThat(text(error(permit(own, "everything"), 400), "param")).isEqualTo("access");
    assertThat(text(error(own.post(permissions, "{'project_ids': ['proj_nobody']}"), 400), "param"))
        .isEqualTo("project_ids");
  }

  private ApiClient anOwner(String department) throws Exception {
    String accounts = "/v1/organization/projects/" + department + "/service_accounts";
    JsonNode account = ok(administrator.post(accounts, "{'name': 'portal'}"));
    ok(administrator.post(accounts + "/" + text(account, "id"), "{'role': 'owner'}"));
    return administrator.as(text(account.get("api_key"), "value"));
  }

  @Test
  void aMemberSharesNothing() throws Exception {
    ApiClient member = own.as(keys.create(guest, Caller.Scope.USER).secret());
    assertThat(text(error(permit(member, "use"), 403), "message")).contains("api.project.write");
  }

  private java.net.http.HttpResponse<String> permit(ApiClient by, String access) throws Exception {
    return by.post(permissions, "{'project_ids': ['%s'], 'access': '%s'}".formatted(guest, access));
  }

  private static List<String> ids(ApiClient by, String list) throws Exception {
    return ok(by.get(list)).path("data").values().stream().map(each -> text(each, "id")).toList();
  }

  private List<String> audited(String id) throws Exception {
    return ok(administrator.get("/v1/organization/audit_logs?resource_ids%5B%5D=" + id))
        .path("data")
        .values()
        .stream()
        .map(each -> text(each, "type"))
        .toList();
  }
}
