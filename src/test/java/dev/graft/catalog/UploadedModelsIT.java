package dev.graft.catalog;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.datasets.DatasetsApi;
import dev.graft.pg.GraftIT;
import dev.graft.platform.GraftProperties;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import dev.graft.tiny.TinyGguf;
import dev.graft.tiny.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** Base models that an administrator uploads. */
@GraftIT
class UploadedModelsIT {
  private static final Map<String, String> USER_DATA = Map.of("purpose", "user_data");
  private static final byte[] ROW = "{\"prompt\":\"a\",\"completion\":\"b\"}\n".getBytes(UTF_8);

  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private BaseModels models;
  @Autowired private GraftProperties settings;
  @Autowired private JdbcClient sql;
  @TempDir private Path directory;
  private DatasetsApi administrator = new DatasetsApi(0, "");
  private DatasetsApi member = administrator;

  @BeforeEach
  void anAdministrator() {
    String department = departments.ensure("d-" + UUID.randomUUID());
    administrator = new DatasetsApi(port, keys.create(department, Caller.Scope.ADMIN).secret());
    member = new DatasetsApi(port, keys.create(department, Caller.Scope.USER).secret());
  }

  @Test
  void anArchiveInPartsBecomesABaseModelThatNeedsItsFileNoMore() throws Exception {
    Path model = TinyLlama.write(directory.resolve("base"), 1);
    Files.writeString(model.resolve("README.md"), "---\nlicense: mit\n---\n# Small\n");
    byte[] archive = TestArchives.tarGz(model, "small/");
    JsonNode file = uploaded("small.tar.gz", archive);
    assertThat(file.get("purpose").stringValue()).isEqualTo("user_data");
    assertThat(file.get("status").stringValue()).isEqualTo("processed");

    JsonNode end = imported("uploaded-small", id(file));
    assertThat(end.get("status").stringValue()).isEqualTo("succeeded");
    assertThat(end.get("bytes").longValue()).isEqualTo(archive.length);
    assertThat(end.get("total_bytes").longValue()).isEqualTo(archive.length);
    assertThat(models.find("uploaded-small"))
        .hasValueSatisfying(
            found -> {
              assertThat(found.source()).isEqualTo("upload:small.tar.gz");
              assertThat(found.license()).isEqualTo("mit");
              assertThat(found.family()).isEqualTo("llama");
            });
    assertThat(settings.dataDir().resolve("upload-imports")).isEmptyDirectory();

    assertThat(ok(administrator.get("files?purpose=fine-tune")).get("data")).isEmpty();
    assertThat(ok(administrator.get("files?purpose=user_data")).at("/data/0/id").stringValue())
        .isEqualTo(id(file));
    ok(deleted(id(file)));
    assertThat(message(refused("once-more", id(file)))).contains("no file " + id(file));
    assertThat(models.find("uploaded-small")).isPresent();
  }

  @Test
  void aGgufFileIsDequantised() throws Exception {
    Path tiny = TinyLlama.write(directory.resolve("llama"), 1);
    Path file = TinyGguf.write(directory.resolve("Tiny-Q8_0.gguf"), tiny, true);
    String id = file("Tiny-Q8_0.gguf", Files.readAllBytes(file));
    assertThat(imported("uploaded-gguf", id).get("status").stringValue()).isEqualTo("succeeded");
    assertThat(models.find("uploaded-gguf")).map(BaseModel::source).hasValue("gguf:Tiny-Q8_0.gguf");
  }

  @Test
  void anArchiveThatClimbsEndsItsImportWithTheReasonAndLeavesNothing() throws Exception {
    JsonNode end = imported("climbing", file("evil.tar", TestArchives.climbing()));
    assertThat(end.get("status").stringValue()).isEqualTo("failed");
    assertThat(end.get("error").stringValue())
        .contains("'../config.json' is not a plain relative path");
    assertThat(models.find("climbing")).isEmpty();
    assertThat(settings.dataDir().resolve("config.json")).doesNotExist();
    assertThat(settings.dataDir().resolve("upload-imports")).isEmptyDirectory();
  }

  @Test
  void onlyAdministratorsUploadUserDataByWhicheverRoute() throws Exception {
    JsonNode whole = error(member.file("m.tar", TestArchives.climbing(), USER_DATA), 403);
    JsonNode parts = error(member.post("uploads", announced("m.tar", 10)), 403);
    for (JsonNode each : List.of(whole, parts)) {
      assertThat(each.get("param").stringValue()).isEqualTo("purpose");
      assertThat(message(each)).startsWith("Only administrators");
    }
    error(member.post("base_models", Map.of("name", "x", "source", "file-x")), 403);
  }

  @Test
  void userDataIsNoTrainingDataAndTrainingDataIsNoModel() throws Exception {
    String archive = file("rows.jsonl", ROW);
    for (String route : List.of("/convert", "/remedies")) {
      Map<String, ?> body =
          route.equals("/convert") ? Map.of() : Map.of("remedies", List.of("drop_duplicates"));
      assertThat(message(error(administrator.post("files/" + archive + route, body), 400)))
          .contains("does not have the purpose 'fine-tune'");
    }
    assertThat(message(error(administrator.get("files/" + archive + "/report"), 400)))
        .contains("does not have the purpose 'fine-tune'");
    String rows = id(ok(member.file("rows.jsonl", ROW, Map.of("purpose", "fine-tune"))));
    assertThat(message(refused("of-rows", rows))).contains("no file " + rows);
  }

  @Test
  void aFileStaysWhileAModelIsMadeOfIt() throws Exception {
    String file = file("kept.tar", TestArchives.climbing());
    sql.sql(
            "insert into base_model_import (id, name, source, state, created_at)"
                + " values ('bmimport-kept', 'kept', :file, 'running', graft_now())")
        .param("file", file)
        .update();
    assertThat(message(error(deleted(file), 400))).contains("is in use by bmimport-kept");
    ok(administrator.post("base_model_imports/bmimport-kept/cancel", Map.of()));
    ok(deleted(file));
  }

  private static Map<String, Object> announced(String name, long bytes) {
    return Map.of(
        "filename", name, "purpose", "user_data", "bytes", bytes, "mime_type", "application/gzip");
  }

  private JsonNode uploaded(String name, byte[] content) throws Exception {
    String upload = id(ok(administrator.post("uploads", announced(name, content.length))));
    int half = content.length / 2;
    String first = id(ok(administrator.part(upload, Arrays.copyOf(content, half))));
    String second =
        id(ok(administrator.part(upload, Arrays.copyOfRange(content, half, content.length))));
    Map<String, ?> parts = Map.of("part_ids", List.of(first, second));
    return ok(administrator.post("uploads/" + upload + "/complete", parts)).get("file");
  }

  private String file(String name, byte[] content) throws Exception {
    return id(ok(administrator.file(name, content, USER_DATA)));
  }

  private java.net.http.HttpResponse<String> deleted(String file) throws Exception {
    return DatasetsApi.send(administrator.to("files/" + file).DELETE());
  }

  private JsonNode imported(String name, String file) throws Exception {
    String begun = id(ok(administrator.post("base_models", Map.of("name", name, "source", file))));
    return await()
        .until(
            () -> ok(administrator.get("base_model_imports/" + begun)),
            each -> !each.get("finished_at").isNull());
  }

  private JsonNode refused(String name, String file) throws Exception {
    return error(administrator.post("base_models", Map.of("name", name, "source", file)), 400);
  }

  private static String message(JsonNode error) {
    return error.get("message").stringValue();
  }
}
