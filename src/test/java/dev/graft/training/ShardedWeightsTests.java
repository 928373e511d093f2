package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.weights.Dtype;
import dev.graft.weights.TensorData;
import dev.graft.weights.TensorInfo;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shards as transformers cuts them, and its index. */
@Concurrent
class ShardedWeightsTests {
  private static final List<TensorInfo> LAYOUT =
      List.of(info("b", 2), info("a", 2), info("large", 9), info("c", 1), info("d", 3));

  @TempDir private Path directory;

  private static TensorInfo info(String name, long numbers) {
    return new TensorInfo(name, Dtype.F32, new long[] {numbers});
  }

  private void write(long most) {
    CheckpointDirectory.ShardedWeights.write(
        directory,
        LAYOUT,
        most,
        info -> TensorData.of(MemorySegment.ofArray(new float[(int) info.elements()])));
  }

  @Test
  void aShardTakesTensorsInTheirOrderUntilTheNextIsTooMuch() throws IOException {
    write(16);
    assertThat(Files.readString(directory.resolve("model.safetensors.index.json")))
        .isEqualTo(
            """
            {
              "metadata": {
                "total_parameters": 17,
                "total_size": 68
              },
              "weight_map": {
                "a": "model-00001-of-00003.safetensors",
                "b": "model-00001-of-00003.safetensors",
                "c": "model-00003-of-00003.safetensors",
                "d": "model-00003-of-00003.safetensors",
                "large": "model-00002-of-00003.safetensors"
              }
            }
            """);
    assertThat(directory.resolve("model-00003-of-00003.safetensors")).exists();
    assertThat(directory.resolve("model.safetensors")).doesNotExist();
  }

  @Test
  void whatFitsIsOneFileWithoutAnIndex() {
    write(68);
    assertThat(directory.resolve("model.safetensors")).exists();
    assertThat(directory.resolve("model.safetensors.index.json")).doesNotExist();
  }
}
