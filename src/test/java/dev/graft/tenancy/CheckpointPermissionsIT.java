package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** A model of one department in the hands of another, as an administrator says. */
@GraftIT
class CheckpointPermissionsIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;
  private ApiClient administrator;
  private ApiClient own;
  private ApiClient other;
  private String owner;
  private String guest;
  private String model;
  private String permissions;

  @BeforeEach
  void aModelOfOneDepartment() throws Exception {
    ApiClient anyone = new ApiClient(port, "");
    administrator = anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    owner = departments.ensure("owner " + UUID.randomUUID());
    guest = departments.ensure("guest " + UUID.randomUUID());
    own = anyone.as(keys.create(owner, Caller.Scope.USER).secret());
    other = anyone.as(keys.create(guest, Caller.Scope.USER).secret());
    model = new ForeignThings(sql, administrator).make(owner).get("/v1/models/{*model}");
    sql.sql("delete from checkpoint_permission where model = ?").param(model).update();
    permissions = "/v1/fine_tuning/checkpoints/" + model.replace(":", "%3A") + "/permissions";
  }

  @Test
  void whoIsPermittedSeesTheModelUntilThePermissionIsTakenBack() throws Exception {
    assertThat(other.get("/v1/models/" + model).statusCode()).isEqualTo(404);
    JsonNode made = ok(permit(guest));
    assertThat(text(made, "object")).isEqualTo("list");
    assertThat(made.path("has_more").asBoolean()).isFalse();
    JsonNode permission = made.at("/data/0");
    assertThat(text(permission, "object")).isEqualTo("checkpoint.permission");
    assertThat(text(permission, "project_id")).isEqualTo(guest);
    assertThat(text(permission, "id")).startsWith("cp_").isEqualTo(text(made, "first_id"));
    assertThat(ok(permit(guest)).at("/data/0/id")).isEqualTo(permission.path("id"));

    JsonNode seen = ok(other.get("/v1/models/" + model));
    assertThat(text(seen, "owned_by")).startsWith("owner ");
    assertThat(ok(other.get("/v1/models")).path("data").findValuesAsString("id")).contains(model);
    assertThat(ok(other.get("/v1/adapters")).path("data").isEmpty()).isTrue();
    assertThat(text(error(other.delete("/v1/models/" + model), 400), "message"))
        .contains("another department's");

    String one = permissions + "/" + text(permission, "id");
    assertThat(ok(administrator.delete(one)).path("deleted").asBoolean()).isTrue();
    error(administrator.delete(one), 404);
    assertThat(other.get("/v1/models/" + model).statusCode()).isEqualTo(404);
    assertThat(ok(other.get("/v1/models")).path("data").findValuesAsString("id"))
        .doesNotContain(model);
    ok(own.get("/v1/models/" + model));
    assertThat(audited("checkpoint.permission.created", permission)).isEqualTo(model);
    assertThat(audited("checkpoint.permission.deleted", permission)).isEqualTo(model);
  }

  private String audited(String type, JsonNode permission) throws Exception {
    JsonNode entries =
        ok(
            administrator.get(
                "/v1/organization/audit_logs?event_types%%5B%%5D=%s&resource_ids%%5B%%5D=%s"
                    .formatted(type, text(permission, "id"))));
    assertThat(entries.path("data").size()).isEqualTo(1);
    JsonNode data = entries.at("/data/0").path(type).path("data");
    assertThat(text(data, "project_id")).isEqualTo(guest);
    return text(data, "fine_tuned_model_checkpoint");
  }

  @Test
  void permissionsAreListedInPages() throws Exception {
    String third = departments.ensure("third " + UUID.randomUUID());
    ok(permit(guest));
    ok(permit(third));
    JsonNode first = ok(administrator.get(permissions + "?limit=1"));
    assertThat(text(first.at("/data/0"), "project_id")).isEqualTo(third);
    assertThat(first.path("has_more").asBoolean()).isTrue();
    JsonNode next = ok(administrator.get(permissions + "?after=" + text(first, "last_id")));
    assertThat(next.path("data").findValuesAsString("project_id")).isEqualTo(List.of(guest));
    assertThat(projects("?order=ascending")).isEqualTo(List.of(guest, third));
    assertThat(projects("?project_id=" + third)).isEqualTo(List.of(third));
    assertThat(projects("?after=cp_unknown")).isEmpty();
    assertThat(text(error(administrator.get(permissions + "?order=asc"), 400), "param"))
        .isEqualTo("order");
  }

  private List<String> projects(String query) throws Exception {
    return ok(administrator.get(permissions + query)).path("data").findValuesAsString("project_id");
  }

  @Test
  void onlyAdministratorsGiveThemAndOnlyForWhatThereIs() throws Exception {
    error(own.post(permissions, "{'project_ids': ['" + guest + "']}"), 403);
    error(own.get(permissions), 403);
    assertThat(text(error(permit("proj_nobody"), 400), "param")).isEqualTo("project_ids");
    assertThat(text(error(administrator.post(permissions, "{}"), 400), "code"))
        .isEqualTo("missing_required_parameter");
    for (String nothing : List.of("ft:tiny:nobody::x", "tiny", "a%2Fb")) {
      String path = "/v1/fine_tuning/checkpoints/" + nothing + "/permissions";
      assertThat(text(error(administrator.get(path), 404), "code")).isEqualTo("model_not_found");
    }
  }

  private java.net.http.HttpResponse<String> permit(String project) throws Exception {
    return administrator.post(permissions, "{'project_ids': ['" + project + "']}");
  }
}
