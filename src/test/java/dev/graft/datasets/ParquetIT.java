package dev.graft.datasets;

import static dev.graft.datasets.DatasetsApi.error;
import static dev.graft.datasets.DatasetsApi.id;
import static dev.graft.datasets.DatasetsApi.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.luben.zstd.Zstd;
import dev.graft.artifacts.ArtifactStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Parquet files over HTTP: kept as they came, trained on as the rows of the same JSONL. */
@SmallFilesIT
class ParquetIT extends OwnDepartment {
  private static final Map<String, String> FIELDS = Map.of("purpose", "fine-tune");

  @Autowired private StoredFiles files;
  @Autowired private ArtifactStore store;

  private static byte[] golden(String name) throws IOException {
    try (InputStream in =
        ParquetIT.class.getResourceAsStream("/dev/graft/datasets/parquet/" + name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  private List<JsonNode> rows(String fileId) throws IOException {
    TrainingFile file = files.requireTrainable(department, fileId, "training_file");
    try (InputStream in = store.open(file.digest())) {
      return parsed(in.readAllBytes());
    }
  }

  private static List<JsonNode> parsed(byte[] jsonl) {
    return new String(jsonl, UTF_8).lines().map(JsonMapper.shared()::readTree).toList();
  }

  @Test
  void theRowsAreThoseOfTheSameJsonlWhateverTheNameSays() throws Exception {
    for (String name : List.of("pandas-chat", "polars-chat", "pyarrow-item", "pyarrow-delta")) {
      byte[] parquet = golden(name + ".parquet");
      JsonNode file = ok(api.file(name.equals("pandas-chat") ? "x.csv" : name, parquet, FIELDS));
      assertThat(file.path("status").asString()).isEqualTo("processed");
      assertThat(api.content(id(file))).isEqualTo(parquet);
      assertThat(rows(id(file))).isEqualTo(parsed(golden(name + ".jsonl")));
    }
  }

  @Test
  void aFileThatUnpacksToMuchIsReadAfterTheAnswer() throws Exception {
    byte[] parquet = golden("polars-numbers.parquet");
    byte[] padded = padded(parquet, 20_000);
    JsonNode file = ok(api.file("t.parquet", padded, FIELDS));
    await()
        .untilAsserted(
            () ->
                assertThat(ok(api.get("files/" + id(file))).path("status").asString())
                    .isEqualTo("processed"));
    assertThat(rows(id(file))).isEqualTo(parsed(golden("polars-numbers.jsonl")));
  }

  /** Bytes between the last page and the footer are nobody's. */
  private static byte[] padded(byte[] parquet, int bytes) {
    int footer = parquet[parquet.length - 8] & 0xff | (parquet[parquet.length - 7] & 0xff) << 8;
    int data = parquet.length - 8 - footer;
    byte[] padded = Arrays.copyOf(parquet, parquet.length + bytes);
    System.arraycopy(parquet, data, padded, data + bytes, footer + 8);
    return padded;
  }

  @Test
  void whatIsNoRowIsToldWithItsPlace() throws Exception {
    assertThat(refusal("t.parquet", golden("bad-timestamp.parquet"), FIELDS))
        .contains("the column 'more' of the type timestamp");
    assertThat(refusal("t.parquet", golden("bad-nan.parquet"), FIELDS))
        .contains("row group 1 of 1, column 'more'");
    assertThat(refusal("t.parquet", golden("bad-inflating.parquet"), FIELDS))
        .contains("100 times its size");
    assertThat(refusal("t.parquet", "{\"text\":\"a\"}\n".getBytes(UTF_8), FIELDS))
        .contains("does not begin with PAR1");
    assertThat(refusal("t.zst", Zstd.compress(golden("pandas-gzip.parquet")), FIELDS))
        .contains("upload it uncompressed");
    Map<String, String> columns = new HashMap<>(FIELDS);
    columns.put("columns[text]", "prompt");
    assertThat(refusal("t.parquet", golden("pandas-gzip.parquet"), columns)).contains("rename");
    assertThat(ok(api.get("files")).path("data")).isEmpty();
  }

  private String refusal(String name, byte[] file, Map<String, String> fields) throws Exception {
    return error(api.file(name, file, fields), 400).path("message").asString();
  }

  @Test
  void unknownKeysAndColumnsThatJsonHasNotAreLeftOutOnRequest() throws Exception {
    Map<String, String> fields = new HashMap<>(FIELDS);
    fields.put("ignore_unknown_keys", "true");
    JsonNode file = ok(api.file("t.parquet", golden("bad-timestamp.parquet"), fields));
    assertThat(rows(id(file)).toString()).isEqualTo("[{\"text\":\"a\"}]");
  }
}
