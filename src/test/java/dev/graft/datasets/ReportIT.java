package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** Reports on files over HTTP. */
@GraftIT
class ReportIT extends OwnDepartment {
  private static final Map<String, String> TO_TRAIN = Map.of("purpose", "fine-tune");

  private static String labelled(int from, int to) {
    return IntStream.range(from, to)
        .mapToObj(i -> "{\"text\": \"number %d\", \"label\": \"%d\"}\n".formatted(i * i * i, i % 2))
        .collect(Collectors.joining());
  }

  private String uploaded(String name, String rows) throws Exception {
    return id(ok(api.file(name, rows.getBytes(UTF_8), TO_TRAIN)));
  }

  @Test
  void aReportSaysWhatIsThereAndWhatIsWrongWithIt() throws Exception {
    String training = uploaded("t.jsonl", labelled(0, 60) + labelled(3, 4));
    String validation = uploaded("v.jsonl", labelled(57, 70));

    JsonNode report = ok(api.get("files/" + training + "/report?validation_file=" + validation));

    assertThat(report.path("object").asString()).isEqualTo("file.report");
    assertThat(report.path("file_id").asString()).isEqualTo(training);
    assertThat(report.path("validation_file_id").asString()).isEqualTo(validation);
    assertThat(report.path("kind").asString()).isEqualTo("label");
    assertThat(report.path("rows").asInt()).isEqualTo(61);
    assertThat(report.path("validation_rows").asInt()).isEqualTo(13);
    assertThat(report.path("complete").asBoolean()).isTrue();
    assertThat(report.at("/labels/0/label").asString()).isEqualTo("1");
    assertThat(report.at("/labels/0/rows").asInt()).isEqualTo(31);
    assertThat(report.at("/prompt_characters/max").asInt()).isEqualTo("number 205379".length());
    assertThat(report.path("findings")).hasSize(2);
    JsonNode gravest = report.at("/findings/0");
    assertThat(gravest.path("check").asString()).isEqualTo("row_in_validation");
    assertThat(gravest.path("severity").asString()).isEqualTo("error");
    assertThat(gravest.path("count").asInt()).isEqualTo(3);
    assertThat(gravest.path("lines").toString()).isEqualTo("[58,59,60]");
    assertThat(report.at("/findings/1/check").asString()).isEqualTo("duplicate_rows");
  }

  @Test
  void aFileThatCamePackedOrAsCsvIsReportedByItsRows() throws Exception {
    String rows =
        IntStream.range(0, 60)
            .mapToObj(i -> "question %d?,answer %d\n".formatted(i * i * i, i * i * i))
            .collect(Collectors.joining());
    String file = uploaded("t.csv", "prompt,completion\n" + rows + "\"question\n0?\",answer 0\n");

    JsonNode report = ok(api.get("files/" + file + "/report"));

    assertThat(report.path("kind").asString()).isEqualTo("prompt_completion");
    assertThat(report.path("validation_file_id").isNull()).isTrue();
    assertThat(report.at("/findings/0/check").asString()).isEqualTo("duplicate_rows");
    assertThat(report.at("/findings/0/lines").toString()).isEqualTo("[62]");
  }

  @Test
  void ofALargeFileTheBeginningIsReported() throws Exception {
    JsonNode report = ok(api.get("files/" + uploaded("t.jsonl", labelled(0, 3000)) + "/report"));

    assertThat(report.path("complete").asBoolean()).isFalse();
    assertThat(report.path("rows").asInt()).isBetween(1000, 2000);
  }

  @Test
  void whatCannotBeReportedIsRefusedWithTheReason() throws Exception {
    String labels = uploaded("t.jsonl", labelled(0, 9));
    String texts = uploaded("t.jsonl", "{\"text\": \"a\"}\n");

    JsonNode otherKind =
        error(api.get("files/" + labels + "/report?validation_file=" + texts), 400);
    assertThat(otherKind.path("param").asString()).isEqualTo("validation_file");
    error(api.get("files/" + labels + "/report?validation_file=file-none"), 400);
    error(api.get("files/file-none/report"), 404);
    DatasetsApi stranger = another();
    error(stranger.get("files/" + labels + "/report"), 404);
    api = stranger;
    String own = uploaded("t.jsonl", labelled(0, 9));
    JsonNode foreign =
        error(stranger.get("files/" + own + "/report?validation_file=" + labels), 400);
    assertThat(foreign.path("message").asString()).contains("No such file");
  }
}
