package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.RecordedRuns;
import dev.graft.training.TrainerExit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Concurrent
class TensorFloat32Tests {
  @TempDir private Path directory;

  @AfterEach
  void asItWas() {
    TorchContext.allowTensorFloat32(false);
  }

  @Test
  void libtorchIsTold() {
    assertThat(TorchContext.allowsTensorFloat32()).as("as a process begins").isFalse();
    TorchContext.allowTensorFloat32(true);
    assertThat(TorchContext.allowsTensorFloat32()).isTrue();
    TorchContext.allowTensorFloat32(false);
    assertThat(TorchContext.allowsTensorFloat32()).isFalse();
  }

  /** No machine of a test has so many GPUs: the run ends where its device is opened. */
  @Test
  void aRunOnAGpuDoesWhatItsSettingSays() throws IOException {
    assertThatExceptionOfType(CudaMachine.DeviceUnavailable.class)
        .isThrownBy(() -> train("{'training':{'tf32':true}}", "cuda:999"));
    assertThat(TorchContext.allowsTensorFloat32()).isTrue();
    assertThatExceptionOfType(CudaMachine.DeviceUnavailable.class)
        .isThrownBy(() -> train("{}", "cuda:999"));
    assertThat(TorchContext.allowsTensorFloat32()).as("off by default").isFalse();
  }

  @Test
  void aRunOnTheCpuHasEveryBitOfItsNumbers() throws IOException {
    assertThat(train("{'training':{'tf32':true,'max_steps':1}}", "cpu"))
        .isEqualTo(TrainerExit.DONE);
    assertThat(TorchContext.allowsTensorFloat32()).isFalse();
  }

  private TrainerExit train(String spec, String device) throws IOException {
    Path base = directory.resolve("base");
    if (!Files.exists(base)) TinyLlama.write(base, 1);
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abcabcabc\"}\n");
    return new RecordedRuns().run(spec, base, rows, directory.resolve("out"), device);
  }
}
