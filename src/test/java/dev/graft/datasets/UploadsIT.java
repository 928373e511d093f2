package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.platform.GraftProperties;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.test.context.TestPropertySource;
import tools.jackson.databind.JsonNode;

/** The Uploads API over HTTP. */
@GraftIT
@TestPropertySource(
    properties = {
      "graft.files.validate-inline=64KB",
      "graft.files.max-part-size=256KB",
      "graft.files.max-upload-size=2MB",
      "graft.files.max-stored=3MB",
      "graft.files.max-concurrent=6",
      "graft.files.max-pending=5"
    })
class UploadsIT extends OwnDepartment {
  private static final byte[] ROWS = "{\"text\":\"some words\"}\n".repeat(40).getBytes(UTF_8);

  @Autowired private StoredFiles files;
  @Autowired private FileRetention retention;
  @Autowired private MovableClock clock;
  @Autowired private GraftProperties graft;

  private static Map<String, Object> announced(long bytes) {
    Map<String, Object> body = new HashMap<>();
    body.put("filename", "../train.jsonl");
    body.put("purpose", "fine-tune");
    body.put("bytes", bytes);
    body.put("mime_type", "application/jsonl");
    return body;
  }

  private String begun(long bytes) throws Exception {
    return id(ok(api.post("uploads", announced(bytes))));
  }

  private String added(String upload, byte[] content) throws Exception {
    return id(ok(api.part(upload, content)));
  }

  private HttpResponse<String> complete(String upload, List<String> parts, String md5)
      throws Exception {
    Map<String, Object> body = new HashMap<>();
    body.put("part_ids", parts);
    if (!md5.isEmpty()) body.put("md5", md5);
    return api.post("uploads/" + upload + "/complete", body);
  }

  private static String md5(byte[] content) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(content));
  }

  private boolean isKept(String partId) {
    return java.nio.file.Files.exists(kept().resolve(partId));
  }

  private java.nio.file.Path kept() {
    return graft.dataDir().resolve("artifacts/kept");
  }

  @Test
  void aBodyOfNothingBeginsNoUpload() throws Exception {
    HttpRequest.Builder nothing =
        api.to("uploads")
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("null"));
    assertThat(error(DatasetsApi.send(nothing), 400).get("param").stringValue())
        .isEqualTo("filename");
  }

  @Test
  void anUploadIsAnsweredAsTheWireSays() throws Exception {
    JsonNode upload = ok(api.post("uploads", announced(ROWS.length)));
    assertThat(id(upload)).startsWith("upload_");
    assertThat(upload.get("object").stringValue()).isEqualTo("upload");
    assertThat(upload.get("bytes").longValue()).isEqualTo(ROWS.length);
    assertThat(upload.get("filename").stringValue()).isEqualTo("train.jsonl");
    assertThat(upload.get("purpose").stringValue()).isEqualTo("fine-tune");
    assertThat(upload.get("status").stringValue()).isEqualTo("pending");
    assertThat(upload.get("file").isNull()).isTrue();
    assertThat(upload.get("expires_at").longValue() - upload.get("created_at").longValue())
        .isEqualTo(3600);
    JsonNode part = ok(api.part(id(upload), ROWS));
    assertThat(part.propertyNames())
        .containsExactlyInAnyOrder("id", "object", "created_at", "upload_id");
    assertThat(part.get("object").stringValue()).isEqualTo("upload.part");
    JsonNode done = ok(complete(id(upload), List.of(id(part)), ""));
    assertThat(done.get("status").stringValue()).isEqualTo("completed");
    JsonNode file = done.get("file");
    assertThat(file.get("bytes").longValue()).isEqualTo(ROWS.length);
    assertThat(file.get("status").stringValue()).isEqualTo("processed");
    assertThat(ok(api.get("files/" + id(file)))).isEqualTo(file);
    assertThat(files.requireTrainable(department, id(file), "training_file").examples())
        .isEqualTo(40);
  }

  /** However the content is cut and whenever its parts arrive, the order of the ids decides. */
  @RepeatedTest(6)
  void partsMayArriveInAnyOrderAndBesideEachOther(RepetitionInfo repetition) throws Exception {
    Random random = new Random(repetition.getCurrentRepetition());
    int count = 2 + random.nextInt(7);
    List<Integer> cuts = new ArrayList<>(List.of(0, ROWS.length));
    for (int i = 1; i < count; i++) cuts.add(random.nextInt(ROWS.length));
    Collections.sort(cuts);
    List<Integer> arrival = new ArrayList<>();
    for (int i = 0; i < count; i++) arrival.add(i);
    Collections.shuffle(arrival, random);
    String upload = begun(ROWS.length);
    String[] ids = new String[count];
    try (var threads = Executors.newFixedThreadPool(4)) {
      List<Future<String>> added = new ArrayList<>();
      for (int i : arrival) {
        byte[] part = Arrays.copyOfRange(ROWS, cuts.get(i), cuts.get(i + 1));
        Callable<String> add = () -> added(upload, part);
        added.add(threads.submit(add));
      }
      for (int i = 0; i < count; i++) ids[arrival.get(i)] = added.get(i).get();
    }
    List<String> shuffled = new ArrayList<>(List.of(ids));
    Collections.reverse(shuffled);
    error(complete(upload, shuffled, md5(new byte[] {1})), 400);
    JsonNode done = ok(complete(upload, List.of(ids), md5(ROWS)));
    assertThat(api.content(id(done.get("file")))).isEqualTo(ROWS);
  }

  @Test
  void anMd5ThatIsNotTheContentsLeavesTheUploadPending() throws Exception {
    String upload = begun(ROWS.length);
    List<String> parts = List.of(added(upload, ROWS));
    for (String wrong : List.of(md5(new byte[3]), "xyz")) {
      assertThat(error(complete(upload, parts, wrong), 400).get("param").stringValue())
          .isEqualTo("md5");
    }
    String upper = md5(ROWS).toUpperCase(java.util.Locale.ROOT);
    assertThat(ok(complete(upload, parts, upper)).get("status").stringValue())
        .isEqualTo("completed");
  }

  @Test
  void partsThatAreMissingTwiceStrangeOrTooShortAreRefused() throws Exception {
    String upload = begun(ROWS.length);
    String other = begun(ROWS.length);
    String part = added(upload, ROWS);
    String strange = added(other, ROWS);
    String half = added(upload, Arrays.copyOf(ROWS, 100));
    for (List<String> wrong :
        List.of(
            List.<String>of(),
            List.of(part, part),
            List.of(strange),
            List.of("part_none"),
            List.of(half),
            List.of(part, half))) {
      assertThat(error(complete(upload, wrong, ""), 400).get("param").stringValue())
          .isEqualTo("part_ids");
    }
    error(api.post("uploads/" + upload + "/complete", Map.of()), 400);
    ok(complete(upload, List.of(part), ""));
  }

  @Test
  void completingTwiceIsOneFileAndNoOtherOne() throws Exception {
    String upload = begun(ROWS.length);
    List<String> parts = List.of(added(upload, ROWS));
    List<Future<JsonNode>> twins = new ArrayList<>();
    try (var threads = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 4; i++) {
        Callable<JsonNode> twin = () -> ok(complete(upload, parts, ""));
        twins.add(threads.submit(twin));
      }
      for (Future<JsonNode> twin : twins) {
        assertThat(twin.get()).isEqualTo(twins.getFirst().get());
      }
    }
    assertThat(ok(api.get("files")).get("data")).hasSize(1);
    error(complete(upload, List.of("part_none"), ""), 400);
    error(api.part(upload, ROWS), 400);
    error(api.post("uploads/" + upload + "/cancel", Map.of()), 400);
    assertThat(isKept(parts.getFirst())).isFalse();
  }

  @Test
  void aCancelledUploadTakesNothingMoreAndKeepsNothing() throws Exception {
    String upload = begun(ROWS.length);
    String part = added(upload, ROWS);
    for (int i = 0; i < 2; i++) {
      assertThat(
              ok(api.post("uploads/" + upload + "/cancel", Map.of())).get("status").stringValue())
          .isEqualTo("cancelled");
    }
    error(api.part(upload, ROWS), 400);
    assertThat(error(complete(upload, List.of(part), ""), 400).get("code").stringValue())
        .isEqualTo("invalid_state");
    assertThat(isKept(part)).isFalse();
  }

  @Test
  void anExpiredUploadIsOverAndItsPartsAreSwept() throws Exception {
    String upload = begun(ROWS.length);
    String part = added(upload, ROWS);
    clock.move(Duration.ofMinutes(61));
    assertThat(error(complete(upload, List.of(part), ""), 400).get("message").stringValue())
        .contains("expired");
    error(api.part(upload, ROWS), 400);
    retention.sweep();
    assertThat(isKept(part)).isFalse();
    error(api.post("uploads/" + upload + "/cancel", Map.of()), 400);
    clock.move(Duration.ofDays(8));
    retention.sweep();
    error(complete(upload, List.of(part), ""), 404);
  }

  @Test
  void aFileLivesAsLongAsItsUploadSaid() throws Exception {
    Map<String, Object> body = announced(ROWS.length);
    body.put("expires_after", Map.of("anchor", "created_at", "seconds", 3600));
    String upload = id(ok(api.post("uploads", body)));
    JsonNode file = ok(complete(upload, List.of(added(upload, ROWS)), "")).get("file");
    assertThat(file.get("expires_at").longValue() - file.get("created_at").longValue())
        .isEqualTo(3600);
    clock.move(Duration.ofMinutes(61));
    error(api.get("files/" + id(file)), 404);
    assertThat(retention.sweep()).isEqualTo(1);
    assertThat(retention.sweep()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "bytes, 0",
    "bytes, 3000000",
    "bytes, x",
    "purpose, batch",
    "mime_type, jsonl",
    "extra, 1",
    "expires_after, 1"
  })
  void aWrongAnnouncementIsRefusedByItsField(String field, String value) throws Exception {
    Map<String, Object> body = announced(ROWS.length);
    body.put(field, value.matches("[0-9]+") ? (Object) Long.valueOf(value) : value);
    assertThat(error(api.post("uploads", body), 400).get("param").stringValue()).isEqualTo(field);
  }

  @Test
  void whatIsNotAnnouncedIsMissing() throws Exception {
    for (String field : announced(1).keySet()) {
      Map<String, Object> body = announced(1);
      body.remove(field);
      assertThat(error(api.post("uploads", body), 400).get("code").stringValue())
          .isEqualTo("missing_required_parameter");
    }
  }

  @Test
  void partsPastTheirLimitsAreRefusedAndLeaveNothing() throws Exception {
    String large = begun(1 << 20);
    String small = begun(100);
    String[] before = kept().toFile().list();
    error(api.part(large, new byte[(256 << 10) + 1]), 413);
    error(api.part(small, new byte[201]), 413);
    assertThat(kept().toFile().list()).isSubsetOf(before);
    added(small, new byte[100]);
    added(small, new byte[100]);
    assertThat(error(api.part(small, new byte[1]), 400).get("param").stringValue())
        .isEqualTo("data");
  }

  @Test
  void aDepartmentHasRoomForSoMuch() throws Exception {
    String upload = begun(2 << 20);
    HttpResponse<String> refused = api.post("uploads", announced(2 << 20));
    assertThat(error(refused, 429).get("code").stringValue()).isEqualTo("insufficient_quota");
    assertThat(refused.headers().firstValue("x-should-retry")).contains("false");
    ok(api.file("a.jsonl", ROWS, Map.of("purpose", "fine-tune")));
    ok(api.post("uploads/" + upload + "/cancel", Map.of()));
    begun(2 << 20);
  }

  @Test
  void aDepartmentHasSoManyPendingUploads() throws Exception {
    for (int i = 0; i < 5; i++) begun(10);
    error(api.post("uploads", announced(10)), 429);
  }

  @Test
  void aBadFileIsRefusedByItsLinesAndTheUploadStaysPending() throws Exception {
    byte[] bad = "{\"text\":\"a\"}\nnonsense\n".getBytes(UTF_8);
    String upload = begun(bad.length);
    JsonNode error = error(complete(upload, List.of(added(upload, bad)), ""), 400);
    assertThat(error.get("errors").get(0).get("line").intValue()).isEqualTo(2);
    ok(api.post("uploads/" + upload + "/cancel", Map.of()));
  }

  @Test
  void aLargeFileIsValidatedAfterItsUpload() throws Exception {
    byte[] rows = "{\"text\":\"some words\"}\n".repeat(8000).getBytes(UTF_8);
    String upload = begun(rows.length);
    String id = id(ok(complete(upload, List.of(added(upload, rows)), md5(rows))).get("file"));
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + id)).get("status").stringValue())
                    .isEqualTo("processed"));
  }

  @Test
  void aRequestThatAnSdkSendsAgainIsTheSameUpload() throws Exception {
    var again =
        api.to("uploads")
            .header("Content-Type", "application/json")
            .POST(
                java.net.http.HttpRequest.BodyPublishers.ofString(
                    "{\"filename\":\"a\",\"purpose\":\"fine-tune\",\"bytes\":5,"
                        + "\"mime_type\":\"text/plain\"}"));
    String first = id(ok(DatasetsApi.send(again)));
    assertThat(id(ok(DatasetsApi.send(again.copy().header("X-Stainless-Retry-Count", "1")))))
        .isEqualTo(first);
    assertThat(id(ok(DatasetsApi.send(again)))).isNotEqualTo(first);
  }
}
