package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.luben.zstd.Zstd;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Files of chat rows that are made of files in other formats. */
@SmallFilesIT
class ConversionIT extends OwnDepartment {
  private static final Map<String, String> FIELDS = Map.of("purpose", "fine-tune");
  private static final String QUESTION = "{\"question\":\"1+1?\",\"answer\":\"2\"}\n";
  private static final String CHAT =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"1+1?\"},"
          + "{\"role\":\"assistant\",\"content\":\"2\"}]}\n";
  private static final String SHAREGPT =
      "{\"id\":\"a\",\"conversations\":[{\"from\":\"human\",\"value\":\"1+1?\"},"
          + "{\"from\":\"gpt\",\"value\":\"2\"}]}\n";

  private JsonNode uploaded(String name, String rows) throws Exception {
    return ok(api.file(name, rows.getBytes(UTF_8), FIELDS));
  }

  private String content(String id) throws Exception {
    return new String(api.content(id), UTF_8);
  }

  @Test
  void questionsAndAnswersAreKeptAndMadeChatRowsOnRequest() throws Exception {
    JsonNode file = uploaded("faq.jsonl", QUESTION.repeat(3));
    assertThat(file.path("status").asString()).isEqualTo("error");
    assertThat(file.path("format").asString()).isEqualTo("question_answer");
    assertThat(file.path("errors")).hasSize(1);
    assertThat(file.path("status_details").asString())
        .contains("a question and its answer", "/convert");
    JsonNode refused = error(api.get("files/" + id(file) + "/report"), 400);
    assertThat(refused.path("message").asString()).contains("graft files convert");

    JsonNode made = ok(api.post("files/" + id(file) + "/convert", Map.of()));
    assertThat(id(made)).isNotEqualTo(id(file));
    assertThat(made.path("filename").asString()).isEqualTo("faq.chat.jsonl");
    assertThat(made.path("status").asString()).isEqualTo("processed");
    assertThat(made.path("examples").asInt()).isEqualTo(3);
    assertThat(made.path("format").isNull()).isTrue();
    assertThat(made.path("bytes").asInt()).isEqualTo(3 * CHAT.length());
    assertThat(content(id(made))).isEqualTo(CHAT.repeat(3));
    assertThat(content(id(file))).isEqualTo(QUESTION.repeat(3));
    JsonNode report = ok(api.get("files/" + id(made) + "/report"));
    assertThat(report.path("kind").asString()).isEqualTo("chat");
  }

  @Test
  void shareGptsRowsAreNamedInTheReportAndConverted() throws Exception {
    Map<String, String> ignoring = new HashMap<>(FIELDS);
    ignoring.put("ignore_unknown_keys", "true");
    JsonNode file =
        ok(api.file("chats.jsonl.zst", Zstd.compress(SHAREGPT.getBytes(UTF_8)), ignoring));
    assertThat(file.path("status").asString()).isEqualTo("processed");
    assertThat(file.path("format").asString()).isEqualTo("sharegpt");
    JsonNode findings = ok(api.get("files/" + id(file) + "/report")).path("findings");
    assertThat(findings.findValuesAsString("check")).contains("sharegpt_rows");
    assertThat(findings)
        .filteredOn(each -> each.path("check").asString().equals("nothing_to_train"))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.path("severity").asString()).isEqualTo("error");
              assertThat(each.path("lines").toString()).isEqualTo("[1]");
            });

    JsonNode made = ok(api.post("files/" + id(file) + "/convert", Map.of()));
    assertThat(made.path("filename").asString()).isEqualTo("chats.chat.jsonl");
    assertThat(content(id(made))).isEqualTo(CHAT);
    JsonNode strict =
        error(
            api.post("files/" + id(file) + "/convert", Map.of("ignore_unknown_keys", false)), 400);
    assertThat(strict.at("/errors/0/line").asInt()).isEqualTo(1);
    assertThat(strict.at("/errors/0/message").asString()).contains("unknown key: id");
  }

  @Test
  void whatAConversionKnowsAnUploadKnows() throws Exception {
    String row =
        "{\"system\":\"Count.\",\"conversations\":[{\"from\":\"human\",\"value\":\"1+1?\"},"
            + "{\"from\":\"gpt\",\"value\":\"2\",\"weight\":0.0}]}\n";
    JsonNode made = ok(api.post("files/" + id(uploaded("s.jsonl", row)) + "/convert", Map.of()));
    assertThat(content(id(made)))
        .contains("{\"role\":\"system\",\"content\":\"Count.\"}", "\"weight\":0}");
  }

  @Test
  void alpacasRowsTrainAsTheyAreAndAreConvertedOnRequest() throws Exception {
    JsonNode file = uploaded("a.jsonl", "{\"instruction\":\"1+1?\",\"output\":\"2\"}\n");
    assertThat(file.path("format").asString()).isEqualTo("alpaca");
    JsonNode findings = ok(api.get("files/" + id(file) + "/report")).path("findings");
    assertThat(findings.valueStream().map(each -> each.path("check").asString()))
        .contains("alpaca_rows");
    JsonNode made = ok(api.post("files/" + id(file) + "/convert", Map.of("from", "alpaca")));
    assertThat(content(id(made))).isEqualTo(CHAT);
  }

  @Test
  void rowsThatCannotBeConvertedAreToldByTheirLines() throws Exception {
    JsonNode file = uploaded("faq.jsonl", QUESTION + "\n{\"question\":7,\"answer\":\"\"}\nx\n");
    JsonNode refused = error(api.post("files/" + id(file) + "/convert", Map.of()), 400);
    assertThat(refused.path("errors").valueStream().map(each -> each.path("line").asInt()))
        .containsExactly(3, 4);
    assertThat(ok(api.get("files")).path("data")).hasSize(1);
  }

  @Test
  void aLargeFileIsConvertedAfterTheAnswer() throws Exception {
    int rows = 3000;
    JsonNode large = uploaded("faq.jsonl", QUESTION.repeat(rows));
    String source = id(large);
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + source)).path("format").asString())
                    .isEqualTo("question_answer"));
    JsonNode made = ok(api.post("files/" + source + "/convert", Map.of()));
    ok(DatasetsApi.send(api.to("files/" + source).DELETE()));
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + id(made))).path("status").asString())
                    .isEqualTo("processed"));
    assertThat(content(id(made))).isEqualTo(CHAT.repeat(rows));

    JsonNode bad = uploaded("faq.jsonl", QUESTION.repeat(rows) + "x\n");
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + id(bad))).path("status").asString())
                    .isEqualTo("error"));
    String unmade = id(ok(api.post("files/" + id(bad) + "/convert", Map.of())));
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + unmade)).at("/errors/0/line").asInt())
                    .isEqualTo(rows + 1));
    error(api.get("files/" + unmade + "/content"), 400);
    error(api.post("files/" + unmade + "/convert", Map.of()), 400);
  }

  @Test
  void whatIsNotToBeConvertedIsRefusedWithTheReason() throws Exception {
    JsonNode chat = uploaded("t.jsonl", CHAT);
    JsonNode none = error(api.post("files/" + id(chat) + "/convert", Map.of()), 400);
    assertThat(none.path("param").asString()).isEqualTo("from");
    error(api.post("files/" + id(chat) + "/convert", Map.of("from", "xlsx")), 400);
    error(api.post("files/" + id(chat) + "/convert", Map.of("form", "alpaca")), 400);
    error(api.post("files/" + id(chat) + "/convert", Map.of("from", "alpaca")), 400);
    JsonNode csv = uploaded("t.csv", "instruction,output\na,b\n");
    assertThat(
            error(api.post("files/" + id(csv) + "/convert", Map.of()), 400)
                .path("message")
                .asString())
        .contains("CSV", "columns[user]");
    error(another().post("files/" + id(chat) + "/convert", Map.of("from", "alpaca")), 404);
  }
}
