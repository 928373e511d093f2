package dev.graft.catalog;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.hub.HubDouble;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Base models that an administrator adds over the API. */
@GraftIT
class ModelImportIT {
  private static final HubDouble HUB = HubDouble.started();

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @TempDir Path directory;
  private ApiClient administrator;

  @DynamicPropertySource
  static void hub(DynamicPropertyRegistry registry) {
    HUB.configure(registry);
    registry.add("graft.hub.organizations", () -> "acme");
  }

  @AfterAll
  static void end() {
    HUB.close();
  }

  @BeforeEach
  void anAdministrator() {
    administrator =
        new ApiClient(port, keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
  }

  @Test
  void anImportEndsWithTheModel() throws Exception {
    String commit = HUB.add("acme/small", model());

    JsonNode begun = add("small", "hf:acme/small");
    assertThat(text(begun, "object")).isEqualTo("base_model.import");
    JsonNode end = ended(begun);

    assertThat(text(end, "status")).isEqualTo("succeeded");
    assertThat(end.path("bytes").asLong()).isPositive().isEqualTo(end.path("total_bytes").asLong());
    JsonNode model = ok(administrator.get("/v1/base_models/small"));
    assertThat(text(model, "source")).isEqualTo("hf:acme/small@" + commit);
    assertThat(text(model, "license")).isEqualTo("mit");
    assertThat(ok(administrator.get("/v1/base_model_imports")).path("data"))
        .anyMatch(each -> text(each, "id").equals(text(begun, "id")));
    assertThat(ok(administrator.get("/v1/organization/audit_logs")).path("data"))
        .anyMatch(each -> text(each, "type").equals("base_model.import.created"));
  }

  @Test
  void anImportThatCannotSucceedSaysWhy() throws Exception {
    JsonNode end = ended(add("nothing", "hf:acme/nothing"));
    assertThat(text(end, "status")).isEqualTo("failed");
    assertThat(text(end, "error")).contains("there is no public model acme/nothing");
    error(administrator.get("/v1/base_models/nothing"), 404);
  }

  @Test
  void whatCannotBeMeantIsRefusedAtOnce() throws Exception {
    assertThat(text(refused("Bad Name", "hf:acme/small"), "message"))
        .contains("name of a base model");
    assertThat(text(refused("x", "acme/small"), "message")).contains("hf:organization/name");
    assertThat(text(refused("x", "hf:other/small"), "message")).contains("graft.hub.organizations");
    String department = departments.ensure("importers");
    ApiClient member = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    error(member.post("/v1/base_models", body("x", "hf:acme/small")), 403);
    error(member.get("/v1/base_model_imports"), 403);
  }

  @Test
  void whatIsCancelledIsNotRegisteredAndItsNameIsFreeAgain() throws Exception {
    HUB.add("acme/slow", model());
    HUB.hold();
    JsonNode begun;
    try {
      begun = add("slow", "hf:acme/slow");
      await().until(() -> text(get(begun), "status").equals("running"));
      assertThat(text(refused("slow", "hf:acme/slow"), "message")).contains("already");
      JsonNode cancelled =
          ok(administrator.post("/v1/base_model_imports/" + text(begun, "id") + "/cancel", "{}"));
      assertThat(text(cancelled, "status")).isEqualTo("cancelled");
    } finally {
      HUB.goOn();
    }
    error(administrator.post("/v1/base_model_imports/" + text(begun, "id") + "/cancel", "{}"), 400);

    assertThat(text(ended(add("slow", "hf:acme/slow")), "status")).isEqualTo("succeeded");
    assertThat(text(get(begun), "status")).isEqualTo("cancelled");
  }

  private Path model() throws IOException {
    Path model = TinyLlama.write(directory.resolve("base"), 1);
    Files.writeString(model.resolve("README.md"), "---\nlicense: mit\n---\n# Small\n");
    return model;
  }

  private static String body(String name, String source) {
    return "{\"name\": \"%s\", \"source\": \"%s\"}".formatted(name, source);
  }

  private JsonNode add(String name, String source) throws Exception {
    return ok(administrator.post("/v1/base_models", body(name, source)));
  }

  private JsonNode refused(String name, String source) throws Exception {
    return error(administrator.post("/v1/base_models", body(name, source)), 400);
  }

  private JsonNode get(JsonNode begun) throws Exception {
    return ok(administrator.get("/v1/base_model_imports/" + text(begun, "id")));
  }

  private JsonNode ended(JsonNode begun) {
    return await().until(() -> get(begun), each -> !each.path("finished_at").isNull());
  }
}
