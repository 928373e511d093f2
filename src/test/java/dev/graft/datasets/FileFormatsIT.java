package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.luben.zstd.Zstd;
import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;

/** Files that are not plain JSONL: kept as they came, trained on as rows. */
@SmallFilesIT
class FileFormatsIT extends OwnDepartment {
  private static final Map<String, String> FIELDS = Map.of("purpose", "fine-tune");
  private static final byte[] ROWS = "{\"text\":\"a\"}\n{\"text\":\"b\"}\n".getBytes(UTF_8);

  @Autowired private StoredFiles files;
  @Autowired private ArtifactStore store;

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(content);
    }
    return out.toByteArray();
  }

  private TrainingFile trainable(String fileId) {
    return files.requireTrainable(department, fileId, "training_file");
  }

  @Test
  void aPackedFileIsKeptAsItCameAndTrainedOnAsRows() throws Exception {
    for (byte[] packed : List.of(gzip(ROWS), Zstd.compress(ROWS))) {
      JsonNode file = ok(api.file("train.jsonl.packed", packed, FIELDS));
      assertThat(file.get("bytes").longValue()).isEqualTo(packed.length);
      assertThat(file.get("examples").intValue()).isEqualTo(2);
      assertThat(api.content(id(file))).isEqualTo(packed);
      TrainingFile training = trainable(id(file));
      assertThat(training.digest()).isEqualTo(Digest.of(ROWS));
      try (var in = store.open(training.digest())) {
        assertThat(in.readAllBytes()).isEqualTo(ROWS);
      }
    }
  }

  @Test
  void columnsOfCsvBecomeRows() throws Exception {
    byte[] csv = "id,question,answer\n1,\"Who, me?\",You.\n2,Why?,So.\n".getBytes(UTF_8);
    Map<String, String> fields = new HashMap<>(FIELDS);
    fields.put("columns[user]", "question");
    fields.put("columns[assistant]", "answer");
    JsonNode file = ok(api.file("faq.csv", csv, fields));
    assertThat(file.get("examples").intValue()).isEqualTo(2);
    assertThat(api.content(id(file))).isEqualTo(csv);
    try (var in = store.open(trainable(id(file)).digest())) {
      assertThat(new String(in.readAllBytes(), UTF_8)).contains("\"content\":\"Who, me?\"");
    }
  }

  @Test
  void anUploadMaySayItsColumnsToo() throws Exception {
    byte[] csv = gzip("q;a\n1;2\n".getBytes(UTF_8));
    JsonNode upload =
        ok(
            api.post(
                "uploads",
                Map.of(
                    "filename", "faq.csv.gz",
                    "purpose", "fine-tune",
                    "bytes", csv.length,
                    "mime_type", "application/gzip",
                    "columns", Map.of("prompt", "q", "completion", "a"))));
    String part = id(ok(api.part(id(upload), csv)));
    JsonNode done =
        ok(api.post("uploads/" + id(upload) + "/complete", Map.of("part_ids", List.of(part))));
    assertThat(done.get("file").get("examples").intValue()).isEqualTo(1);
  }

  @Test
  void badRecordsAreToldByTheirLinesInTheFile() throws Exception {
    byte[] csv = "prompt,completion\n\"a\nb\",c\nd\ne,f\n".getBytes(UTF_8);
    JsonNode error = error(api.file("t.csv", csv, FIELDS), 400);
    assertThat(error.get("errors").get(0).get("line").intValue()).isEqualTo(4);
    error(api.file("t.csv", "id,question\n1,2\n".getBytes(UTF_8), FIELDS), 400);
    error(api.file("t.csv", "prompt,completion\n".getBytes(UTF_8), FIELDS), 400);
    Map<String, String> half = new HashMap<>(FIELDS);
    half.put("columns[prompt]", "a");
    assertThat(error(api.file("t.csv", csv, half), 400).get("param").stringValue())
        .isEqualTo("columns");
  }

  @Test
  void whatIsNoTrainingFileIsOneLineThatSaysWhatItIs() throws Exception {
    Map<String, byte[]> files =
        Map.of(
            "PDF", "%PDF-1.7\nrow\nrow\n".getBytes(UTF_8),
            "UTF-16", new String(ROWS, UTF_8).getBytes(UTF_16),
            "one JSON array", "[{\"text\": \"a\"},\n{\"text\": \"b\"}]\n".getBytes(UTF_8),
            "Latin-1", "text\nMüller\nMeißner\nGrün\n".getBytes(ISO_8859_1));
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String name = file.getKey().equals("Latin-1") ? "t.csv" : "t.jsonl";
      JsonNode error = error(api.file(name, file.getValue(), FIELDS), 400);
      assertThat(error.path("message").asString()).contains(file.getKey());
      assertThat(error.path("errors")).hasSize(1);
    }
    assertThat(ok(api.get("files")).path("data")).isEmpty();
  }

  @Test
  void keysThatNoRowHasAreRefusedOrOnRequestLeftOut() throws Exception {
    byte[] rows = "{\"id\":7,\"text\":\"a\",\"source\":\"web\"}\n".getBytes(UTF_8);
    assertThat(error(api.file("t.jsonl", rows, FIELDS), 400).path("message").asString())
        .contains("unknown key: id", "ignore_unknown_keys");
    Map<String, String> fields = new HashMap<>(FIELDS);
    fields.put("ignore_unknown_keys", "perhaps");
    assertThat(error(api.file("t.jsonl", rows, fields), 400).path("param").asString())
        .isEqualTo("ignore_unknown_keys");
    fields.put("ignore_unknown_keys", "true");
    JsonNode file = ok(api.file("t.jsonl", rows, fields));
    assertThat(api.content(id(file))).isEqualTo(rows);
    try (var in = store.open(trainable(id(file)).digest())) {
      assertThat(in.readAllBytes()).asString(UTF_8).isEqualTo("{\"text\":\"a\"}\n");
    }
    JsonNode upload =
        ok(
            api.post(
                "uploads",
                Map.of(
                    "filename", "t.jsonl",
                    "purpose", "fine-tune",
                    "bytes", rows.length,
                    "mime_type", "application/jsonl",
                    "ignore_unknown_keys", true)));
    String part = id(ok(api.part(id(upload), rows)));
    JsonNode done =
        ok(api.post("uploads/" + id(upload) + "/complete", Map.of("part_ids", List.of(part))));
    assertThat(done.at("/file/examples").intValue()).isEqualTo(1);
  }

  @Test
  void aBombIsAnErrorOfItsFileAndNothingMore() throws Exception {
    byte[] zeros = new byte[64 << 20];
    byte[] bomb = gzip(zeros);
    String id = id(ok(api.file("bomb.jsonl.gz", bomb, FIELDS)));
    await()
        .untilAsserted(
            () -> {
              JsonNode file = ok(api.get("files/" + id));
              assertThat(file.get("status").stringValue()).isEqualTo("error");
              assertThat(file.get("status_details").stringValue()).contains("unpack");
            });
    error(api.file("small.jsonl.zst", Zstd.compress(zeros), FIELDS), 400);
  }
}
