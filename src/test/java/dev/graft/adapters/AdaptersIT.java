package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.artifacts.BlobRef;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Adapters as a department finds them, and as it lets them go. */
@GraftIT
class AdaptersIT {
  private static final String FULL = "{\"method\": {\"type\": \"full\"}}";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  @Autowired Adapters adapters;
  @Autowired JdbcClient sql;
  private String department;
  private ApiClient client;
  private ApiClient administrator;

  @BeforeEach
  void aDepartment() {
    ApiClient anyone = new ApiClient(port, "");
    department = departments.ensure("support " + UUID.randomUUID());
    client = anyone.as(keys.create(department, Caller.Scope.USER).secret());
    administrator = anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
  }

  @Test
  void anEditLeavesTheArchiveAndADeletionTakesIt() throws Exception {
    Published made = published.publish(department, "letters", null);
    Adapter seen = adapters.find(department, made.id()).orElseThrow();
    BlobRef archive = adapters.keepArchive(seen, new BlobRef(seen.manifest(), 7));
    assertThat(adapters.keep(seen, true, true)).isTrue();
    assertThat(adapters.find(department, made.id()).orElseThrow().archive()).isEqualTo(archive);
    adapters.delete(department, made.id());
    assertThat(
            sql.sql("select archive is null and archive_bytes is null from adapter where id = :id")
                .param("id", made.id())
                .query(Boolean.class)
                .single())
        .isTrue();
  }

  @Test
  void aSearchFindsWhatAllItsConditionsSay() throws Exception {
    Published first = published.publish(department, "Invoices", null);
    Published second =
        published.publish(department, "letters", first.model(), FULL, "{\"team\": \"a\"}");
    published.publish(departments.ensure("sales " + UUID.randomUUID()), "letters", null);

    assertThat(found("")).containsExactly(second.id(), first.id());
    assertThat(found("?name=invoices")).containsExactly(first.id());
    assertThat(found("?method=lora")).containsExactly(first.id());
    assertThat(found("?method=full&name=LETTERS&base_model=small")).containsExactly(second.id());
    assertThat(found("?method=full&base_model=smaller")).isEmpty();
    assertThat(found("?parent_model=" + first.model())).containsExactly(second.id());
    assertThat(found("?metadata%5Bteam%5D=a")).containsExactly(second.id());
    assertThat(found("?metadata=null")).containsExactly(first.id());
    assertThat(found("?name=%25")).isEmpty();
    JsonNode card = ok(client.get("/v1/adapters/" + second.id()));
    assertThat(text(card, "method")).isEqualTo("full");
    assertThat(text(card, "owned_by")).startsWith("support ");
    assertThat(text(card.path("metadata"), "team")).isEqualTo("a");
    assertThat(text(card, "parent_model")).isEqualTo(first.model());
    long at = card.path("created_at").asLong();
    assertThat(found("?created_at%5Bgte%5D=" + at)).contains(second.id());
    assertThat(found("?created_at%5Bgt%5D=" + at)).doesNotContain(second.id());
    assertThat(found("?created_at%5Blt%5D=9223372036854775807")).hasSize(2);
    assertThat(text(error(client.get("/v1/adapters?created_at%5Bgt%5D=soon"), 400), "param"))
        .isEqualTo("created_at[gt]");
  }

  @Test
  void aSearchGoesOverPages() throws Exception {
    List<String> made = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      made.addFirst(published.publish(department, i % 2 == 0 ? "even" : "odd", null).id());
    }
    JsonNode first = ok(client.get("/v1/adapters?name=even&limit=2"));
    assertThat(ids(first)).containsExactly(made.get(0), made.get(2));
    assertThat(first.path("has_more").asBoolean()).isTrue();
    JsonNode next =
        ok(client.get("/v1/adapters?name=even&limit=2&after=" + text(first, "last_id")));
    assertThat(ids(next)).containsExactly(made.get(4));
    assertThat(next.path("has_more").asBoolean()).isFalse();
  }

  @Test
  void whatWasDeletedIsGoneAndSaysSo() throws Exception {
    Published model = published.publish(department);
    String path = "/v1/adapters/" + model.id();
    assertThat(ok(client.delete(path)).path("deleted").asBoolean()).isTrue();
    ok(client.delete(path));
    for (String part : List.of("", "/content", "/files/weights.txt")) {
      JsonNode gone = error(client.get(path + part), 410);
      assertThat(text(gone, "code")).isEqualTo("deleted");
      assertThat(text(gone, "message")).contains(model.id(), "was deleted at 20");
    }
    assertThat(found("")).isEmpty();
    error(client.get("/v1/models/" + model.model()), 404);
    JsonNode entries =
        ok(administrator.get("/v1/organization/audit_logs?resource_ids%5B%5D=" + model.model()));
    assertThat(entries.path("data").size()).isEqualTo(1);
    assertThat(text(entries.at("/data/0"), "type")).isEqualTo("model.deleted");
    error(client.delete("/v1/adapters/ad_nothing"), 404);
  }

  @Test
  void aDeprecatedAdapterSaysWhyAndUntilWhen() throws Exception {
    Published model = published.publish(department);
    String path = "/v1/adapters/" + model.id();
    JsonNode said =
        ok(client.post(path, "{'deprecation': {'notice': 'use ft:new', 'retires_at': 1798761600}}"))
            .path("deprecation");
    assertThat(text(said, "notice")).isEqualTo("use ft:new");
    assertThat(said.path("retires_at").asLong()).isEqualTo(1_798_761_600L);
    JsonNode changed =
        ok(client.post(path, "{'deprecation': {'notice': 'use ft:newer'}}")).path("deprecation");
    assertThat(changed.path("deprecated_at")).isEqualTo(said.path("deprecated_at"));
    assertThat(changed.path("retires_at").isNull()).isTrue();
    assertThat(ok(client.post(path, "{'deprecation': null}")).path("deprecation").isNull())
        .isTrue();
    for (String wrong :
        List.of("{}", "{'colour': 1}", "{'deprecation': {}}", "{'deprecation': {'notice': ' '}}")) {
      error(client.post(path, wrong), 400);
    }
    assertThat(
            text(
                error(
                    client.post(path, "{'deprecation': {'notice': 'a', 'retires_at': 'soon'}}"),
                    400),
                "param"))
        .isEqualTo("deprecation.retires_at");
    ok(client.delete(path));
    error(client.post(path, "{'deprecation': null}"), 410);
  }

  @Test
  void aChangeThatAnotherHasOvertakenIsNone() throws Exception {
    Published model = published.publish(department);
    Adapter seen = adapters.find(department, model.id()).orElseThrow();
    Adapters.DeprecationRequest late = new Adapters.DeprecationRequest("late", null);
    assertThat(adapters.keep(seen, true, true)).isTrue();
    assertThat(adapters.deprecate(seen, late, true)).isFalse();
    Adapter current = adapters.find(department, model.id()).orElseThrow();
    assertThat(current.deprecation()).isNull();
    ok(client.get("/v1/adapters/" + model.id()));
    assertThat(adapters.deprecate(current, late, true)).isTrue();
    assertThat(adapters.keep(seen, false, false)).isTrue();
  }

  @Test
  void aModelThatWasDeletedByItsNameLeavesTheSameStone() throws Exception {
    Published model = published.publish(department);
    ok(client.delete("/v1/models/" + model.model()));
    error(client.get("/v1/adapters/" + model.id()), 410);
    error(client.delete("/v1/models/" + model.model()), 404);
  }

  @Test
  void aLineGoesUpAndDownOverWhatWasDeletedToo() throws Exception {
    Published first = published.publish(department, "one", null);
    Published second = published.publish(department, "two", first.model() + ":ckpt-step-3");
    Published third = published.publish(department, "three", second.model());
    Published aside = published.publish(department, "aside", first.model());
    ok(client.delete("/v1/adapters/" + second.id()));

    JsonNode up = ok(client.get("/v1/adapters/" + third.id() + "/lineage"));
    assertThat(models(up, "ancestors"))
        .containsExactly(second.model(), first.model() + ":ckpt-step-3");
    assertThat(text(up.at("/ancestors/0"), "adapter_id")).isEqualTo(second.id());
    assertThat(up.at("/ancestors/0/deleted_at").isNumber()).isTrue();
    assertThat(text(up.at("/ancestors/1"), "job_id")).isEqualTo(first.jobId());
    assertThat(up.at("/ancestors/1/parent_model").isNull()).isTrue();
    assertThat(up.path("descendants").isEmpty()).isTrue();

    JsonNode down = ok(client.get("/v1/adapters/" + first.id() + "/lineage"));
    assertThat(models(down, "descendants"))
        .containsExactlyInAnyOrder(second.model(), aside.model(), third.model())
        .endsWith(third.model());
    JsonNode stone = ok(client.get("/v1/adapters/" + second.id() + "/lineage"));
    assertThat(stone.path("deleted_at").isNumber()).isTrue();
    assertThat(models(stone, "descendants")).containsExactly(third.model());
  }

  @Test
  void anotherDepartmentsPartOfALineIsAName() throws Exception {
    String other = departments.ensure("sales " + UUID.randomUUID());
    Published root = published.publish(other, "root", null);
    Published theirs = published.publish(other, "theirs", root.model());
    Published own = published.publish(department, "own", theirs.model());
    JsonNode up = ok(client.get("/v1/adapters/" + own.id() + "/lineage"));
    assertThat(models(up, "ancestors")).containsExactly(theirs.model());
    assertThat(up.at("/ancestors/0/job_id").isNull()).isTrue();
    assertThat(up.at("/ancestors/0/parent_model").isNull()).isTrue();
    ApiClient them = client.as(keys.create(other, Caller.Scope.USER).secret());
    JsonNode down = ok(them.get("/v1/adapters/" + root.id() + "/lineage"));
    assertThat(models(down, "descendants")).containsExactly(theirs.model());
  }

  private static List<String> models(JsonNode line, String part) {
    return line.path(part).values().stream().map(each -> text(each, "model")).toList();
  }

  private List<String> found(String query) throws Exception {
    return ids(ok(client.get("/v1/adapters" + query)));
  }

  private static List<String> ids(JsonNode page) {
    return page.path("data").values().stream().map(each -> text(each, "id")).toList();
  }
}
