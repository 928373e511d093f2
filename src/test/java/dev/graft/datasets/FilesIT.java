package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The Files API over HTTP, as an SDK sees it. */
@SmallFilesIT
class FilesIT {
  private static final String ROW = "{\"prompt\":\"a\",\"completion\":\"b\"}\n";
  private static final JsonMapper JSON = new JsonMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /** Uses what a test says it uses. */
  @TestConfiguration
  static class Uses {
    static final ConcurrentHashMap<String, String> JOBS = new ConcurrentHashMap<>();

    @Bean
    StoredFiles.FileUse jobs() {
      return (departmentId, fileId) -> Optional.ofNullable(JOBS.get(fileId));
    }
  }

  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private StoredFiles files;
  private String department;
  private String key;

  @BeforeEach
  void newDepartment() {
    department = departments.ensure("d-" + UUID.randomUUID());
    key = keys.create(department, Caller.Scope.USER).secret();
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    request.header("Authorization", "Bearer " + key).header("Accept", "application/json");
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/v1/files" + path));
  }

  private HttpResponse<String> upload(String content) throws Exception {
    String body =
        "--X\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nfine-tune\r\n"
            + "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"../t.jsonl\"\r\n"
            + "Content-Type: application/octet-stream\r\n\r\n"
            + content
            + "\r\n--X--\r\n";
    return send(
        to("")
            .header("Content-Type", "multipart/form-data; boundary=X")
            .POST(BodyPublishers.ofString(body)));
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JSON.readTree(response.body());
  }

  private String uploaded(String content) throws Exception {
    HttpResponse<String> response = upload(content);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response).get("id").stringValue();
  }

  @Test
  void anUploadIsAnsweredAsTheWireSays() throws Exception {
    JsonNode file = json(upload(ROW));
    assertThat(file.get("id").stringValue()).matches("file-[0-9a-z]{26}");
    assertThat(file.get("object").stringValue()).isEqualTo("file");
    assertThat(file.get("bytes").longValue()).isEqualTo(ROW.length());
    assertThat(file.get("filename").stringValue()).isEqualTo("t.jsonl");
    assertThat(file.get("purpose").stringValue()).isEqualTo("fine-tune");
    assertThat(file.get("status").stringValue()).isEqualTo("processed");
    assertThat(file.get("examples").intValue()).isEqualTo(1);
    // OpenAI's schema has no null here
    assertThat(file.propertyNames()).doesNotContain("status_details", "expires_at");
    assertThat(json(send(to("/" + file.get("id").stringValue())))).isEqualTo(file);
  }

  @Test
  void aBadFileIsRefusedByItsLinesAndNotStored() throws Exception {
    HttpResponse<String> response = upload(ROW + "nonsense\n" + ROW + "[]\n");
    assertThat(response.statusCode()).isEqualTo(400);
    JsonNode error = json(response).get("error");
    assertThat(error.get("message").stringValue()).contains("line 2");
    assertThat(error.get("type").stringValue()).isEqualTo("invalid_request_error");
    assertThat(error.get("param").stringValue()).isEqualTo("file");
    assertThat(error.has("code")).isTrue();
    assertThat(error.get("errors").values())
        .extracting(e -> e.get("line").intValue())
        .containsExactly(2, 4);
    assertThat(json(send(to(""))).get("data")).isEmpty();
  }

  @Test
  void aLargeFileIsValidatedAfterItsUpload() throws Exception {
    String good = json(upload(ROW.repeat(5000))).get("id").stringValue();
    String bad = json(upload(ROW.repeat(5000) + "x\n")).get("id").stringValue();
    await()
        .untilAsserted(
            () -> {
              JsonNode file = json(send(to("/" + good)));
              assertThat(file.get("status").stringValue()).isEqualTo("processed");
              assertThat(file.get("examples").intValue()).isEqualTo(5000);
            });
    await()
        .untilAsserted(
            () -> {
              JsonNode file = json(send(to("/" + bad)));
              assertThat(file.get("status").stringValue()).isEqualTo("error");
              assertThat(file.get("status_details").stringValue()).startsWith("line 5001");
              assertThat(file.get("errors").get(0).get("line").intValue()).isEqualTo(5001);
            });
  }

  @Test
  void moreThanTheLimitIsRefusedWith413() throws Exception {
    HttpResponse<String> response = upload(ROW.repeat(40_000));
    assertThat(response.statusCode()).isEqualTo(413);
    assertThat(json(response).get("error").get("param").stringValue()).isEqualTo("file");
  }

  @Test
  void contentComesWholeOrInRangesWhateverIsAccepted() throws Exception {
    String id = uploaded(ROW);
    HttpRequest.Builder request = to("/" + id + "/content");
    HttpResponse<String> whole =
        HTTP.send(
            request
                .header("Authorization", "Bearer " + key)
                .header("Accept", "application/binary")
                .build(),
            BodyHandlers.ofString());
    assertThat(whole.statusCode()).isEqualTo(200);
    assertThat(whole.body()).isEqualTo(ROW);
    assertThat(whole.headers().firstValue("content-length")).contains("" + ROW.length());
    assertThat(whole.headers().firstValue("x-content-type-options")).contains("nosniff");
    String tag = whole.headers().firstValue("etag").orElseThrow();
    HttpResponse<String> part = send(to("/" + id + "/content").header("Range", "bytes=1-8"));
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(part.body()).isEqualTo(ROW.substring(1, 9));
    assertThat(part.headers().firstValue("content-range")).contains("bytes 1-8/" + ROW.length());
    String sha256 = whole.headers().firstValue("x-checksum-sha256").orElseThrow();
    assertThat(tag).isEqualTo("\"" + sha256 + "\"");
    assertThat(part.headers().firstValue("x-checksum-sha256")).contains(sha256);
    assertThat(part.headers().firstValue("repr-digest").orElseThrow()).startsWith("sha-256=:");
    HttpResponse<String> outside = send(to("/" + id + "/content").header("Range", "bytes=999-"));
    assertThat(outside.statusCode()).isEqualTo(416);
    assertThat(outside.headers().firstValue("content-range")).contains("bytes */" + ROW.length());
    assertThat(json(outside).get("error").get("code").stringValue())
        .isEqualTo("range_not_satisfiable");
    assertThat(
            send(to("/" + id + "/content").header("Range", "bytes=0-1").header("If-Range", "\"x\""))
                .body())
        .isEqualTo(ROW);
    for (String known : List.of(tag, "W/" + tag, "\"x\", " + tag, "*")) {
      assertThat(send(to("/" + id + "/content").header("If-None-Match", known)).statusCode())
          .isEqualTo(304);
    }
    assertThat(
            send(to("/" + id + "/content").header("Range", "bytes=-3").header("If-Range", tag))
                .body())
        .isEqualTo(ROW.substring(ROW.length() - 3));
  }

  @Test
  void listsArePagedByCursorsThatMayBeGone() throws Exception {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      ids.add(uploaded(ROW));
    }
    JsonNode newest = json(send(to("?limit=2")));
    assertThat(newest.get("data").get(0).get("id").stringValue()).isEqualTo(ids.get(4));
    assertThat(newest.get("has_more").booleanValue()).isTrue();
    assertThat(newest.get("last_id").stringValue()).isEqualTo(ids.get(3));
    send(to("/" + ids.get(3)).DELETE());
    JsonNode next = json(send(to("?limit=3&after=" + ids.get(3))));
    assertThat(next.get("data").values())
        .extracting(f -> f.get("id").stringValue())
        .containsExactly(ids.get(2), ids.get(1), ids.get(0));
    assertThat(next.get("has_more").booleanValue()).isFalse();
    assertThat(json(send(to("?after=" + ids.get(0)))).get("data")).isEmpty();
    assertThat(json(send(to("?after=unknown"))).get("data")).isEmpty();
    assertThat(json(send(to("?order=asc&limit=1"))).get("first_id").stringValue())
        .isEqualTo(ids.get(0));
    assertThat(json(send(to("?purpose=batch"))).get("first_id").stringValue()).isEmpty();
    assertThat(send(to("?limit=0")).statusCode()).isEqualTo(400);
    assertThat(send(to("?order=up")).statusCode()).isEqualTo(400);
  }

  @Test
  void anotherDepartmentSeesNothing() throws Exception {
    String id = uploaded(ROW);
    newDepartment();
    assertThat(send(to("/" + id)).statusCode()).isEqualTo(404);
    assertThat(send(to("/" + id + "/content")).statusCode()).isEqualTo(404);
    assertThat(send(to("/" + id).DELETE()).statusCode()).isEqualTo(404);
    assertThat(json(send(to(""))).get("data")).isEmpty();
  }

  @Test
  void aFileInUseStaysUntilItsUserHasEnded() throws Exception {
    String id = uploaded(ROW);
    Uses.JOBS.put(id, "ftjob-1");
    HttpResponse<String> refused = send(to("/" + id).DELETE());
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(json(refused).get("error").get("message").stringValue()).contains("ftjob-1");
    Uses.JOBS.remove(id);
    JsonNode deleted = json(send(to("/" + id).DELETE()));
    assertThat(deleted)
        .isEqualTo(JSON.readTree("{\"id\":\"" + id + "\",\"object\":\"file\",\"deleted\":true}"));
    assertThat(send(to("/" + id)).statusCode()).isEqualTo(404);
  }

  @Test
  void onlyProcessedFilesOfTheDepartmentAreTrainable() throws Exception {
    String id = uploaded(ROW);
    TrainingFile file = files.requireTrainable(department, id, "training_file");
    assertThat(file.examples()).isEqualTo(1);
    assertThat(file.bytes()).isEqualTo(ROW.getBytes(UTF_8).length);
    org.assertj.core.api.Assertions.assertThatThrownBy(
            () -> files.requireTrainable("proj_other", id, "training_file"))
        .hasMessageContaining("No such file");
  }
}
