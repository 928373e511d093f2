package dev.graft.evaluation;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.Retained;
import dev.graft.tenancy.RetentionKind;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;

/** Aliases over the API: created, moved, rolled back, and who may not. */
@GraftIT
@RestingLoops
class AliasesIT {
  private static final String PROD = "/v1/aliases/support-prod";

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  @Autowired JdbcClient sql;
  @Autowired TransactionTemplate transaction;
  @Autowired List<Retained> retained;
  private String department = "";
  private ApiClient own = new ApiClient(0, "");
  private Published one;
  private Published two;
  private Published three;

  @BeforeEach
  void threeVersions() throws Exception {
    department = departments.ensure("d-" + UUID.randomUUID());
    own = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    one = published.publish(department);
    two = published.publish(department);
    three = published.publish(department);
    ok(create("support-prod", one.model()));
  }

  private HttpResponse<String> create(String name, String model) throws Exception {
    return own.post("/v1/aliases", "{'name': '%s', 'model': '%s'}".formatted(name, model));
  }

  private HttpResponse<String> move(Published model, String more) throws Exception {
    return own.post(PROD, "{'model': '%s'%s}".formatted(model.model(), more));
  }

  private List<String> told(String path, String field) throws Exception {
    return StreamSupport.stream(ok(own.get(path)).path("data").spliterator(), false)
        .map(each -> text(each, field))
        .toList();
  }

  @Test
  void anAliasIsAModelThatMovesAndIsRolledBack() throws Exception {
    assertThat(text(ok(own.get("/v1/models/support-prod")), "alias_of")).isEqualTo(one.model());
    assertThat(told("/v1/models", "id")).contains("support-prod", one.model(), two.model());
    JsonNode moved = ok(move(two, ", 'reason': 'knows the tariffs'"));
    assertThat(text(moved, "model")).isEqualTo(two.model());
    // by the adapter's id
    ok(own.post(PROD, "{'model': '%s'}".formatted(three.id())));
    assertThat(text(ok(own.post(PROD + "/rollback", "{}")), "model")).isEqualTo(two.model());
    assertThat(text(ok(own.post(PROD + "/rollback", "{'reason': 'prices'}")), "model"))
        .isEqualTo(one.model());
    assertThat(text(error(own.post(PROD + "/rollback", "{}"), 400), "message"))
        .contains("none to go back to");
    assertThat(told(PROD + "/history", "kind"))
        .containsExactly("rolled_back", "rolled_back", "moved", "moved", "created");
    // What was gone back from is not gone back to.
    ok(move(three, ""));
    assertThat(text(ok(own.post(PROD + "/rollback", "{}")), "model")).isEqualTo(one.model());
  }

  @Test
  void theHistorySaysWhoWhenAndWhy() throws Exception {
    ok(move(two, ", 'reason': 'knows the tariffs'"));
    ok(move(two, ", 'reason': 'again'")); // no move
    JsonNode page = ok(own.get(PROD + "/history?limit=1"));
    JsonNode newest = page.at("/data/0");
    assertThat(text(newest, "from")).isEqualTo(one.model());
    assertThat(text(newest, "to")).isEqualTo(two.model());
    assertThat(text(newest, "reason")).isEqualTo("knows the tariffs");
    assertThat(text(newest, "moved_by")).contains("key_");
    assertThat(newest.path("created_at").asLong()).isPositive();
    assertThat(page.path("has_more").asBoolean()).isTrue();
    assertThat(told(PROD + "/history?after=" + text(page, "last_id"), "kind"))
        .containsExactly("created");
    assertThat(
            sql.sql("select type from audit_log where department_id = ? and resource_id = ?")
                .params(department, "support-prod")
                .query(String.class)
                .list())
        .containsExactlyInAnyOrder("alias.created", "alias.moved");
    ok(own.delete(PROD));
    error(own.get(PROD), 404);
    error(own.get("/v1/models/support-prod"), 404);
    ok(own.get("/v1/models/" + two.model()));
  }

  @Test
  void anotherDepartmentHasNoSuchAliasAndMayHaveItsOwn() throws Exception {
    String guests = departments.ensure("d-" + UUID.randomUUID());
    ApiClient other = own.as(keys.create(guests, Caller.Scope.USER).secret());
    for (String path : List.of(PROD, PROD + "/history", "/v1/models/support-prod")) {
      error(other.get(path), 404);
    }
    error(other.post(PROD, "{'model': '%s'}".formatted(two.model())), 404);
    error(other.post(PROD + "/rollback", "{}"), 404);
    error(other.delete(PROD), 404);
    String body = "{'name': 'support-prod', 'model': '%s'}";
    assertThat(text(error(other.post("/v1/aliases", body.formatted(two.model())), 404), "code"))
        .isEqualTo("model_not_found");
    Published theirs = published.publish(guests);
    ok(other.post("/v1/aliases", body.formatted(theirs.model())));
    assertThat(text(ok(own.get(PROD)), "model")).isEqualTo(one.model());
    assertThat(text(ok(other.get(PROD)), "model")).isEqualTo(theirs.model());
    assertThat(ok(other.get("/v1/aliases")).path("data")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Support", "a b", "", "majority", "support-prod", "ft:x", "base-model"})
  void aNameMustBeFree(String name) throws Exception {
    sql.sql(
            """
            insert into base_model (name, family, manifest, parameters, context_length, bytes, created_at)
            values ('base-model', 'llama', repeat('a', 64), 1, 512, 1, graft_now()) on conflict do nothing
            """)
        .update();
    assertThat(text(error(create(name, two.model()), 400), "param")).isEqualTo("name");
  }

  @Test
  void aModelThatAnAliasStandsForIsNotDeleted() throws Exception {
    assertThat(text(error(own.delete("/v1/models/" + one.model()), 400), "message"))
        .contains("alias support-prod");
    error(own.delete("/v1/adapters/" + one.id()), 400);
    assertThat(text(error(own.delete("/v1/models/support-prod"), 400), "message"))
        .contains("DELETE /v1/aliases/support-prod");
    ok(move(two, ""));
    ok(move(three, ""));
    // Retention leaves what is in use, and what a rollback goes back to.
    assertThat(removed(three)).isEqualTo(Retained.Removal.IN_USE);
    assertThat(removed(two)).isEqualTo(Retained.Removal.IN_USE);
    assertThat(removed(one)).isEqualTo(Retained.Removal.REMOVED);
    ok(own.delete("/v1/adapters/" + two.id()));
    assertThat(text(error(own.post(PROD + "/rollback", "{}"), 404), "message"))
        .contains(two.model(), "deleted");
    assertThat(text(ok(own.get(PROD)), "model")).isEqualTo(three.model());
    error(move(two, ""), 404);
  }

  private Retained.Removal removed(Published model) {
    Retained adapters =
        retained.stream()
            .filter(each -> each.kind() == RetentionKind.ADAPTERS)
            .findFirst()
            .orElseThrow();
    return transaction.execute(status -> adapters.remove(department, model.id()));
  }

  @Test
  void ofTwoConditionalMovesOneWins() throws Exception {
    for (int round = 0; round < 10; round++) {
      String current = text(ok(own.get(PROD)), "model");
      List<Published> others =
          List.of(one, two, three).stream().filter(each -> !each.model().equals(current)).toList();
      List<Integer> statuses =
          together(
              others.stream()
                  .<Action>map(
                      each -> () -> move(each, ", 'if_current': '" + current + "'").statusCode())
                  .toList());
      assertThat(statuses).containsExactlyInAnyOrder(200, 412);
    }
    assertThat(told(PROD + "/history", "kind")).hasSize(11);
  }

  @Test
  void aMoveAndADeletionLeaveNoAliasWithoutAModel() throws Exception {
    for (int round = 0; round < 10; round++) {
      Published next = published.publish(department);
      ok(move(one, ""));
      List<Integer> statuses =
          together(
              List.of(
                  () -> move(next, "").statusCode(),
                  () -> own.delete("/v1/adapters/" + next.id()).statusCode()));
      assertThat(statuses).isIn(List.of(200, 400), List.of(404, 200));
      ok(own.get("/v1/models/support-prod"));
    }
  }

  private interface Action {
    int status() throws Exception;
  }

  private static List<Integer> together(List<Action> actions) throws Exception {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> all = new ArrayList<>();
      for (Action each : actions) all.add(threads.submit(each::status));
      List<Integer> statuses = new ArrayList<>();
      for (Future<Integer> each : all) statuses.add(each.get());
      return statuses;
    }
  }

  @Test
  void endpointsAreToldOfMovesInTheirTransaction() throws Exception {
    String endpoint = "whe_" + UUID.randomUUID();
    sql.sql(
            """
            insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint, created_at, updated_at)
            values (:id, :department, 'ours', 'https://example.org', '{alias.moved}', '\\x00', '', graft_now(), graft_now())
            """)
        .param("id", endpoint)
        .param("department", department)
        .update();
    ok(create("told", one.model()));
    ok(move(two, ""));
    error(move(two, ", 'evaluation': ''"), 400);
    ok(own.post(PROD + "/rollback", ""));
    JsonNode deliveries = ok(own.get("/v1/webhook_endpoints/" + endpoint + "/deliveries"));
    assertThat(deliveries.path("data")).hasSize(2);
    assertThat(text(deliveries.at("/data/0"), "event_type")).isEqualTo("alias.moved");
    assertThat(text(deliveries.at("/data/0"), "job_id")).isEqualTo("support-prod");
  }

  @Test
  void listsArePagedByName() throws Exception {
    for (int i : IntStream.range(0, 5).toArray()) ok(create("a" + i, one.model()));
    JsonNode page = ok(own.get("/v1/aliases?limit=3"));
    assertThat(text(page, "last_id")).isEqualTo("a2");
    assertThat(told("/v1/aliases?after=a2", "id")).containsExactly("a3", "a4", "support-prod");
  }
}
