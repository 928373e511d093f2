package dev.graft.catalog;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.catalog.CheckedModel.License;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

/** Base models in the hands of an administrator; theirs come first in the list. */
@GraftIT
class BaseModelAdministrationIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired BaseModels models;
  @Autowired PublishedAdapters published;
  @TempDir Path directory;
  private String department;
  private ApiClient administrator;
  private ApiClient member;

  @BeforeEach
  void aBaseModel() throws Exception {
    ApiClient anyone = new ApiClient(port, "");
    administrator = anyone.as(keys.createForAdministrator(ApiKeys.UNNAMED, null).secret());
    department = departments.ensure("d-" + UUID.randomUUID());
    member = anyone.as(keys.create(department, Caller.Scope.USER).secret());
    Path files = TinyLlama.write(directory.resolve("base"), 1);
    Files.writeString(files.resolve("README.md"), "---\nlicense: apache-2.0\n---\n# Small\n");
    models.register("a-small", files);
    models.register("a-smaller", files);
  }

  @Test
  void theListHasTheFactsAndGoesOverPages() throws Exception {
    JsonNode first = ok(administrator.get("/v1/base_models?limit=1"));
    assertThat(first.path("has_more").asBoolean()).isTrue();
    JsonNode small = first.at("/data/0");
    assertThat(text(small, "id")).isEqualTo("a-small");
    assertThat(text(small, "license")).isEqualTo("apache-2.0");
    assertThat(text(small, "family")).isEqualTo("llama");
    assertThat(text(small, "sha256")).hasSize(64);
    assertThat(small.path("writes_text").asBoolean()).isTrue();
    JsonNode next = ok(administrator.get("/v1/base_models?after=a-small"));
    assertThat(text(next.at("/data/0"), "id")).isEqualTo("a-smaller");
    error(member.get("/v1/base_models"), 403);
  }

  @Test
  void oneThatIsDisabledTakesNoJobsAndAnswersNothing() throws Exception {
    assertThat(change("{'enabled': false}").path("enabled").asBoolean()).isFalse();
    assertThat(ok(member.get("/v1/models")).path("data").findValuesAsString("id"))
        .doesNotContain("a-smaller")
        .contains("a-small");
    String chat = "{'model': 'a-smaller', 'messages': [{'role': 'user', 'content': 'a'}]}";
    assertThat(text(error(member.post("/v1/chat/completions", chat), 400), "message"))
        .contains("has disabled 'a-smaller'");
    String job = "{'model': 'a-smaller', 'training_file': 'file-1'}";
    assertThat(text(error(member.post("/v1/fine_tuning/jobs", job), 400), "message"))
        .contains("for new jobs");
    assertThat(change("{'enabled': true}").path("enabled").asBoolean()).isTrue();
    assertThat(ok(member.get("/v1/models")).path("data").findValuesAsString("id"))
        .contains("a-smaller");
    assertThat(text(error(administrator.post("/v1/base_models/a-smaller", "{}"), 400), "param"))
        .isEqualTo("enabled");
  }

  @Test
  void oneThatIsInUseStaysUntilItIsNot() throws Exception {
    Published adapter = published.publishOn("a-small", department);
    JsonNode uses = ok(administrator.get("/v1/base_models/a-small")).path("uses");
    assertThat(uses.path("adapters").asLong()).isEqualTo(1);
    assertThat(uses.path("unfinished_jobs").asLong()).isZero();
    assertThat(text(error(administrator.delete("/v1/base_models/a-small"), 400), "message"))
        .contains("adapters: 1");
    ok(member.delete("/v1/adapters/" + adapter.id()));
    ok(administrator.delete("/v1/base_models/a-small"));
    error(administrator.get("/v1/base_models/a-small"), 404);
    JsonNode entries =
        ok(administrator.get("/v1/organization/audit_logs?event_types%5B%5D=base_model.deleted"));
    assertThat(text(entries.at("/data/0/base_model.deleted"), "id")).isEqualTo("a-small");
  }

  private JsonNode change(String change) throws Exception {
    return ok(administrator.post("/v1/base_models/a-smaller", change));
  }

  @Test
  void aLicenseIsWhatTheFrontMatterSays() {
    assertThat(License.in("---\nlicense: \"mit\"\ntags: [a]\n---\n")).isEqualTo("mit");
    assertThat(License.in("---\r\nlicense: llama3.2\r\n---\r\n")).isEqualTo("llama3.2");
    assertThat(License.in("# Title\nlicense: mit\n")).isNull();
    assertThat(License.in("---\nlicense: [a, b]\n---\n")).isNull();
  }
}
