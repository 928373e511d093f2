package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Files made of others, without what their reports find. */
@SmallFilesIT
class RemediesIT extends OwnDepartment {
  private static final Map<String, String> FIELDS = Map.of("purpose", "fine-tune");

  private static String row(String prompt, String completion) {
    return "{\"prompt\":\"%s\",\"completion\":\"%s\"}\n".formatted(prompt, completion);
  }

  private String uploaded(String name, String rows) throws Exception {
    return id(ok(api.file(name, rows.getBytes(UTF_8), FIELDS)));
  }

  private List<String> named(String report) throws Exception {
    return ok(api.get(report))
        .path("findings")
        .valueStream()
        .map(finding -> finding.path("remedied_by").asString(""))
        .filter(remedy -> !remedy.isEmpty())
        .toList();
  }

  @Test
  void whatAReportNamesIsDoneInANewFile() throws Exception {
    String rows =
        row("a ", "b") + row("a ", "b") + row("c", "") + row("held", " d") + row("e", " f");
    String file = uploaded("t.csv.jsonl", rows);
    String held = uploaded("v.jsonl", row("held", " d"));
    String report = "files/" + file + "/report?validation_file=" + held;
    List<String> remedies = named(report);
    assertThat(remedies)
        .containsExactlyInAnyOrder(
            "drop_rows_in_validation", "drop_empty_answers", "drop_duplicates", "trim_prompts");

    Map<String, ?> request = Map.of("remedies", remedies, "validation_file", held);
    JsonNode made = ok(api.post("files/" + file + "/remedies", request));

    assertThat(made.path("filename").asString()).isEqualTo("t.csv.remedied.jsonl");
    assertThat(made.path("parent").asString()).isEqualTo(file);
    assertThat(made.path("status").asString()).isEqualTo("processed");
    assertThat(made.path("examples").asInt()).isEqualTo(2);
    assertThat(made.path("remedies").toString())
        .isEqualTo(
            "[{\"remedy\":\"trim_prompts\",\"rows\":2},{\"remedy\":\"drop_empty_answers\",\"rows\":1},"
                + "{\"remedy\":\"drop_rows_in_validation\",\"rows\":1},"
                + "{\"remedy\":\"drop_duplicates\",\"rows\":1}]");
    assertThat(new String(api.content(id(made)), UTF_8)).isEqualTo(row("a", " b") + row("e", " f"));
    assertThat(new String(api.content(file), UTF_8)).isEqualTo(rows);
    assertThat(named("files/" + id(made) + "/report?validation_file=" + held)).isEmpty();
    assertThat(ok(api.get("files/" + file)).path("parent").isNull()).isTrue();
  }

  @Test
  void aLargeFileIsMadeAfterTheAnswer() throws Exception {
    String rows =
        IntStream.range(0, 4000).mapToObj(i -> row("q" + i, " a")).collect(Collectors.joining());
    String file = uploaded("t.jsonl", rows + rows);
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + file)).path("status").asString())
                    .isEqualTo("processed"));
    JsonNode begun =
        ok(api.post("files/" + file + "/remedies", Map.of("remedies", List.of("drop_duplicates"))));
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + id(begun))).path("status").asString())
                    .isEqualTo("processed"));
    JsonNode made = ok(api.get("files/" + id(begun)));
    assertThat(made.at("/remedies/0/rows").asInt()).isEqualTo(4000);
    assertThat(new String(api.content(id(begun)), UTF_8)).isEqualTo(rows);
  }

  @Test
  void whatCannotBeDoneIsRefusedWithTheReason() throws Exception {
    String file = uploaded("t.jsonl", row("a", ""));
    String path = "files/" + file + "/remedies";
    assertThat(message(path, Map.of("remedies", List.of("drop_duplicate"))))
        .contains("Unknown remedy 'drop_duplicate'", "Did you mean 'drop_duplicates'");
    assertThat(message(path, Map.of("remedies", List.of()))).contains("Name at least one of");
    assertThat(message(path, Map.of("remedies", List.of("drop_rows_in_validation"))))
        .contains("Name the file for drop_rows_in_validation");
    assertThat(message(path, Map.of("remedies", List.of("drop_empty_answers"))))
        .contains("no rows");
    String texts = uploaded("v.jsonl", "{\"text\":\"a\"}\n");
    assertThat(
            message(
                path,
                Map.of("remedies", List.of("drop_rows_in_validation"), "validation_file", texts)))
        .contains("a different kind of rows");
    assertThat(ok(api.get("files")).path("data")).hasSize(2);
  }

  private String message(String path, Map<String, ?> request) throws Exception {
    return error(api.post(path, request), 400).path("message").asString();
  }
}
