package dev.graft.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.artifacts.Digest;
import dev.graft.artifacts.FileArtifactStore;
import dev.graft.platform.RequestFailed;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.Example;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class TrainableRowsTests {
  private static final String TRAINS = row(",\"tool_calls\":[{}]", "b");
  private static final TrainingSpec SFT =
      TrainingSpec.resolve(JsonMapper.shared().readTree("{}"), null, null, null);

  @TempDir private Path directory;

  @Test
  void onlyAFileThatWasReadWholeHasNothingToTrain() throws IOException {
    String silent = row(",\"weight\":0", "b".repeat(900_000));
    try (FileArtifactStore store = FileArtifactStore.open(directory)) {
      TrainableRows rows = new TrainableRows(store);
      TrainingFile small = file(store, silent);
      assertThatExceptionOfType(RequestFailed.class)
          .isThrownBy(() -> rows.require(small, SFT, "training_file"))
          .withMessageContaining("no row with an assistant turn that trains");
      rows.require(file(store, silent.repeat(10) + TRAINS), SFT, "training_file");
      rows.require(file(store, silent + TRAINS), SFT, "training_file");
    }
  }

  @Test
  void callsOfToolsAreFoundByTheirLine() throws IOException {
    try (FileArtifactStore store = FileArtifactStore.open(directory)) {
      TrainableRows rows = new TrainableRows(store);
      assertThat(rows.firstWithToolCalls(file(store, row("", "a") + "\n" + TRAINS))).isEqualTo(3);
      assertThat(rows.firstWithToolCalls(file(store, row("", "a")))).isZero();
    }
  }

  private static String row(String more, String said) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
        + "{\"role\":\"assistant\",\"content\":\"%s\"%s}]}\n".formatted(said, more);
  }

  private static TrainingFile file(FileArtifactStore store, String rows) throws IOException {
    byte[] bytes = rows.getBytes(StandardCharsets.UTF_8);
    Digest digest = store.put(new ByteArrayInputStream(bytes), bytes.length).sha256();
    return new TrainingFile(
        "file-1", "proj_1", "rows.jsonl", bytes.length, digest, 1, null, Example.Kind.CHAT);
  }
}
