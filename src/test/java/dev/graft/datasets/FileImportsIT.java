package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.Digest;
import dev.graft.console.PageClient;
import dev.graft.openai.GraftProgram;
import dev.graft.platform.GraftProperties;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files that a server fetches from a hub and from a bucket. */
class FileImportsIT extends ImportingServer {
  private static final String ROW = "{\"text\":\"some words\"}";
  private static final byte[] ROWS = (ROW + "\n").repeat(40).getBytes(UTF_8);
  private static final String DATA_SET = "hf://datasets/acme/support";

  @LocalServerPort private int port;
  @Autowired private ApiKeys keys;
  @Autowired private GraftProperties graft;
  @Autowired private FileImports imports;
  @Autowired private JdbcClient sql;
  @TempDir private Path directory;

  @Test
  void aFileOfTheHubBecomesOneOfTheDepartment() throws Exception {
    String commit = HUB.add("datasets/acme/support", Map.of("data/train.jsonl", ROWS));

    JsonNode begun = begun(DATA_SET + "/data/train.jsonl");
    assertThat(begun.propertyNames())
        .containsExactly(
            "id",
            "object",
            "source",
            "filename",
            "purpose",
            "status",
            "bytes",
            "total_bytes",
            "file_id",
            "error",
            "created_at",
            "finished_at");
    JsonNode end = ended(begun);

    assertThat(text(end, "status")).isEqualTo("succeeded");
    assertThat(text(end, "object")).isEqualTo("file.import");
    assertThat(text(end, "source")).isEqualTo(DATA_SET + "@" + commit + "/data/train.jsonl");
    assertThat(end.path("bytes").asLong()).isEqualTo(ROWS.length);
    assertThat(end.path("total_bytes").asLong()).isEqualTo(ROWS.length);
    JsonNode file = ok(api.get("files/" + text(end, "file_id")));
    assertThat(text(file, "status")).isEqualTo("processed");
    assertThat(text(file, "filename")).isEqualTo("train.jsonl");
    assertThat(text(file, "purpose")).isEqualTo("fine-tune");
    assertThat(text(file, "sha256")).isEqualTo(Digest.of(ROWS).hex());
    assertThat(text(file, "parent")).isEqualTo(text(end, "id"));
    assertThat(file.path("examples").asInt()).isEqualTo(40);
    await().until(() -> !Files.exists(graft.dataDir().resolve("file-imports").resolve(id(end))));
    assertThat(
            sql.sql("select type from audit_log where department_id = :of order by id")
                .param("of", department)
                .query(String.class)
                .list())
        .contains("file.import.created", "file.created");
  }

  @Test
  void anObjectOfABucketBecomesOneToo() throws Exception {
    put("team/rows.jsonl", ROWS);
    JsonNode file = imported("s3://" + BUCKET + "/team/rows.jsonl");
    assertThat(text(file, "sha256")).isEqualTo(Digest.of(ROWS).hex());
    assertThat(text(file, "filename")).isEqualTo("rows.jsonl");
    assertThat(failure("s3://" + BUCKET + "/team/none.jsonl"))
        .isEqualTo("The object team/none.jsonl does not exist.");
    assertThat(failure("s3://" + BUCKET + "/team/none-*.jsonl"))
        .isEqualTo("No file matches this source.");
  }

  @Test
  void importsAreListedNewestFirstAndAreTheirDepartmentsAlone() throws Exception {
    put("team/mine.jsonl", ROWS);
    JsonNode first = ended(begun("s3://" + BUCKET + "/team/mine.jsonl"));
    JsonNode second = ended(begun("s3://" + BUCKET + "/team/mine.jsonl"));
    JsonNode page = ok(api.get("files/imports?limit=1"));
    assertThat(page.path("data").valueStream().map(DatasetsApi::id)).containsExactly(id(second));
    assertThat(page.path("has_more").asBoolean()).isTrue();
    JsonNode rest = ok(api.get("files/imports?after=" + id(second)));
    assertThat(rest.path("data").valueStream().map(DatasetsApi::id)).containsExactly(id(first));
    DatasetsApi other = another();
    assertThat(ok(other.get("files/imports")).path("data")).isEmpty();
    error(other.get("files/imports/" + id(first)), 404);
    error(other.post("files/imports/" + id(first) + "/cancel", Map.of()), 404);
  }

  @Test
  void shardsAreJoinedInTheOrderOfTheirNames() throws Exception {
    HUB.add(
        "datasets/acme/shards",
        Map.of(
            "data/train-2.jsonl", bytes("{\"text\":\"c\"}"),
            "data/train-1.jsonl", bytes("\ufeff{\"text\":\"b\"}\n"),
            "data/train-0.jsonl", bytes("{\"text\":\"a\"}"),
            "data/more/train-3.jsonl", bytes("{\"text\":\"no\"}"),
            "data/test-0.jsonl", bytes("{\"text\":\"no\"}")));
    JsonNode file = imported("hf://datasets/acme/shards@main/data/train-*.jsonl");
    assertThat(text(file, "filename")).isEqualTo("train.jsonl");
    assertThat(content(file)).isEqualTo("{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"text\":\"c\"}\n");
  }

  @Test
  void shardsOfCsvAreReadByTheirOwnHeaders() throws Exception {
    put("team/csv/a.csv", bytes("question,answer,id\n1+1?,2,7\n"));
    put("team/csv/b.csv", bytes("answer,id,question\r\n4,8,2+2?"));
    Map<String, Object> body = wanted("s3://" + BUCKET + "/team/csv/*.csv");
    body.put("columns", Map.of("user", "question", "assistant", "answer"));
    body.put("filename", "sums.csv");
    JsonNode file = imported(body);
    assertThat(text(file, "filename")).isEqualTo("sums.jsonl");
    assertThat(content(file).lines().filter(line -> !line.isEmpty()))
        .containsExactly(chat("1+1?", "2"), chat("2+2?", "4"));

    put("team/csv/c.csv", bytes("question,reply\n3+3?,6\n"));
    assertThat(text(ended(begun(body)), "error")).contains("team/csv/c.csv has no column 'answer'");
  }

  private static String chat(String user, String assistant) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}"
        .formatted(user, assistant);
  }

  @Test
  void parquetIsTakenAsItIsAndSeveralAreReadIntoOne() throws Exception {
    byte[] first = golden("pandas-chat.parquet");
    byte[] second = golden("polars-chat.parquet");
    HUB.add("datasets/acme/tables", Map.of("a.parquet", first, "b.parquet", second));

    JsonNode alone = imported("hf://datasets/acme/tables/a.parquet");
    assertThat(api.content(id(alone))).isEqualTo(first);
    JsonNode joined = imported("hf://datasets/acme/tables/*.parquet");

    assertThat(text(joined, "filename")).isEqualTo("tables.jsonl");
    assertThat(rows(content(joined)))
        .isEqualTo(
            rows(
                new String(golden("pandas-chat.jsonl"), UTF_8)
                    + new String(golden("polars-chat.jsonl"), UTF_8)));
  }

  private static List<JsonNode> rows(String jsonl) {
    return jsonl.lines().map(JsonMapper.shared()::readTree).toList();
  }

  private static byte[] golden(String name) throws IOException {
    try (InputStream in =
        FileImportsIT.class.getResourceAsStream("/dev/graft/datasets/parquet/" + name)) {
      return in.readAllBytes();
    }
  }

  @Test
  void whatBreaksOffIsGoneOnWithAndTheTokenIsShownToNoOtherHost() throws Exception {
    byte[] large = (ROW + "\n").repeat(20_000).getBytes(UTF_8);
    HUB.add("datasets/acme/private", Map.of("rows.jsonl", large), TOKEN, true);
    HUB.breakAfter(150_000);
    JsonNode end = ended(begun("hf://datasets/acme/private/rows.jsonl"));
    assertThat(text(end, "status")).isEqualTo("succeeded");
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + text(end, "file_id"))).path("examples").asInt())
                    .as("validated after")
                    .isEqualTo(20_000));
    assertThat(HUB.requests)
        .anyMatch(
            request -> request.matches("GET /datasets/acme/private/rows.jsonl bytes=1\\d{5}-"));
    assertThat(HUB.leaked).isEmpty();
  }

  @Test
  void bytesCountFromWhenTheyAreAnnouncedAndMoreThanThereIsRoomForFails() throws Exception {
    byte[] large = bytes((ROW + "\n").repeat(80_000)); // 1.8 MB of 3
    HUB.add("datasets/acme/large", Map.of("rows.jsonl", large));
    HUB.hold();
    JsonNode begun;
    try {
      begun = begun("hf://datasets/acme/large/rows.jsonl");
      await().until(() -> !now(begun).path("total_bytes").isNull());
      assertThat(
              error(api.file("b.jsonl", large, Map.of("purpose", "fine-tune")), 429)
                  .path("code")
                  .asString())
          .isEqualTo("insufficient_quota");
    } finally {
      HUB.goOn();
    }
    assertThat(text(ended(begun), "status")).isEqualTo("succeeded");
    assertThat(failure("hf://datasets/acme/large/rows.jsonl"))
        .contains("bytes that it may store; delete files first.");
    HUB.add("datasets/acme/larger", Map.of("a.jsonl", large, "b.jsonl", large));
    assertThat(failure("hf://datasets/acme/larger/*.jsonl")).contains("at most 2097152");
    assertThat(reserved()).isZero();
  }

  private long reserved() {
    return sql.sql("select count(*) from storage_reservation where department_id = :of")
        .param("of", department)
        .query(Long.class)
        .single();
  }

  @Test
  void whatIsCancelledBecomesNoFileAndLeavesNothing() throws Exception {
    HUB.add("datasets/acme/slow", Map.of("rows.jsonl", bytes((ROW + "\n").repeat(10_000))));
    HUB.hold();
    JsonNode begun;
    try {
      begun = begun("hf://datasets/acme/slow/rows.jsonl");
      await().until(() -> !now(begun).path("total_bytes").isNull());
      JsonNode cancelled = ok(api.post("files/imports/" + id(begun) + "/cancel", Map.of()));
      assertThat(text(cancelled, "status")).isEqualTo("cancelled");
    } finally {
      HUB.goOn();
    }
    error(api.post("files/imports/" + id(begun) + "/cancel", Map.of()), 400);
    await().until(() -> !Files.exists(graft.dataDir().resolve("file-imports").resolve(id(begun))));
    assertThat(ok(api.get("files")).path("data")).isEmpty();
    assertThat(text(now(begun), "status")).isEqualTo("cancelled");
  }

  @Test
  void rowsThatAreNoneFailWithTheirLine() throws Exception {
    put("team/bad/1.jsonl", ROWS);
    put("team/bad/2.jsonl", bytes("{\"txt\":\"a\"}\n"));
    assertThat(failure("s3://" + BUCKET + "/team/bad/*.jsonl"))
        .startsWith("The file is not valid training data: line 41: ");
    assertThat(ok(api.get("files")).path("data")).isEmpty();
  }

  @Test
  void onlyTrainingDataIsImportedAndOnlySoManyAtOnce() throws Exception {
    Map<String, Object> body = wanted("s3://" + BUCKET + "/team/rows.jsonl");
    body.put("purpose", "user_data");
    assertThat(error(api.post("files/imports", body), 400).path("param").asString())
        .isEqualTo("purpose");
    put("team/once.jsonl", ROWS);
    JsonNode once = null;
    for (int i = 0; i < 2; i++) {
      HttpRequest.Builder again =
          api.to("files/imports")
              .header("Idempotency-Key", "the same")
              .header("Content-Type", "application/json")
              .POST(
                  BodyPublishers.ofString(
                      JsonMapper.shared()
                          .writeValueAsString(wanted("s3://" + BUCKET + "/team/once.jsonl"))));
      JsonNode made = ok(DatasetsApi.send(again));
      assertThat(once == null ? id(made) : id(once)).isEqualTo(id(made));
      once = made;
    }
    HUB.add("datasets/acme/many", Map.of("rows.jsonl", bytes((ROW + "\n").repeat(10_000))));
    HUB.hold();
    try {
      ended(once);
      for (int i = 0; i < 5; i++) begun("hf://datasets/acme/many/rows.jsonl");
      assertThat(
              error(api.post("files/imports", wanted("hf://datasets/acme/many/rows.jsonl")), 429)
                  .path("code")
                  .asString())
          .isEqualTo("insufficient_quota");
    } finally {
      HUB.goOn();
    }
    for (JsonNode each : ok(api.get("files/imports")).path("data")) ended(each);
  }

  /** Its source is known for as long as the file is there. */
  @Test
  void anImportIsForgottenAWeekAfterItsFileIsGone() throws Exception {
    put("team/kept.jsonl", ROWS);
    put("team/gone.jsonl", ROWS);
    JsonNode kept = ended(begun("s3://" + BUCKET + "/team/kept.jsonl"));
    JsonNode gone = ended(begun("s3://" + BUCKET + "/team/gone.jsonl"));
    ok(DatasetsApi.send(api.to("files/" + text(gone, "file_id")).DELETE()));
    sql.sql(
            "update file_import set ended_at = ended_at - interval '8 days' where department_id ="
                + " :of")
        .param("of", department)
        .update();
    assertThat(imports.forget()).isEqualTo(1);
    assertThat(text(now(kept), "status")).isEqualTo("succeeded");
    error(api.get("files/imports/" + id(gone)), 404);
  }

  @Test
  void theCommandLineWaitsForTheFile() throws Exception {
    put("team/line.jsonl", ROWS);
    Map<String, String> environment =
        Map.of(
            "GRAFT_SERVER",
            "http://127.0.0.1:" + port,
            "GRAFT_API_KEY",
            keys.create(department, Caller.Scope.USER).secret());
    GraftProgram graft = new GraftProgram(directory);
    String source = "s3://" + BUCKET + "/team/line.jsonl";
    var made =
        graft.run(
            environment,
            "",
            List.of("files", "import", source, "--wait", "--name", "support.jsonl"));
    assertThat(made.status()).as(made.error()).isZero();
    assertThat(made.out()).matches("file-\\w+\n");
    assertThat(graft.run(environment, "", List.of("files", "imports")).out())
        .contains("succeeded", made.out().strip(), source);
    String none = "s3://" + BUCKET + "/team/no-line.jsonl";
    var failed = graft.run(environment, "", List.of("files", "import", none, "--wait"));
    assertThat(failed.status()).isEqualTo(1);
    assertThat(failed.error()).contains("graft: The object team/no-line.jsonl does not exist.");
  }

  @Test
  void theConsoleHasOneFetchedAndSaysWhatBecameOfIt() throws Exception {
    put("team/page.jsonl", ROWS);
    String source = "s3://" + BUCKET + "/team/page.jsonl";
    PageClient browser = new PageClient(port);
    browser.signIn(keys.create(department, Caller.Scope.USER).secret());
    browser.get("/console/files");
    var refused =
        browser.post("/console/files/imports", Map.of("source", "s3://elsewhere/a.jsonl"));
    assertThat(refused.body()).contains("An administrator of this Graft allows");
    var begun = browser.post("/console/files/imports", Map.of("source", source));
    assertThat(begun.headers().firstValue("hx-redirect")).contains("/console/files");
    await().until(() -> !ok(api.get("files")).path("data").isEmpty());
    String file = text(ok(api.get("files")).path("data").path(0), "id");
    assertThat(browser.get("/console/files").body())
        .contains(source, "href=\"/console/files/" + file + "\"");
    assertThat(browser.get("/console/files/" + file).body()).contains("fimport-");
  }

  private String content(JsonNode file) throws Exception {
    return new String(api.content(id(file)), UTF_8);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }
}
