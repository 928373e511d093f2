package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench/gpu-acceptance}: its own logic, with a program in the place of Graft. */
class GpuAcceptanceTests {
  private static final String WITHOUT_GPU =
      """
      echo 'ok       java        25'
      echo 'ok       gpu         there is no NVIDIA driver, training uses the processor'
      """;

  /** Trains until it is told to stop where it is to be interrupted. */
  private static final String WITH_GPU =
      """
      case $1 in
        doctor)
          echo 'ok       gpu         cuda:0 NVIDIA L4, 24.2 GB'
          echo 'ok       libtorch    2.7.1 loads and computes on cpu, cuda:0' ;;
        parity) echo '3 passed, 0 failed, 0 skipped' ;;
        train)
          out=$4
          if [ "${out##*/}" = resumed ] && [ ! -d "$out/checkpoints/1" ]; then
            tail -f /dev/null & waited=$!
            trap 'kill $waited; exit 143' TERM
            mkdir -p "$out/checkpoints/1"
            wait $waited
          fi
          mkdir -p "$out"; echo @BYTES@ > "$out/adapter_model.safetensors" ;;
        bench) echo '{"tokens_per_second":1000.0,"weights_mb":200.0,"estimate_mb":900,"peak_anonymous_mb":712.5}' ;;
      esac
      """;

  @TempDir private Path directory;

  private record Ended(int status, String text) {}

  private Ended run(String script, String... arguments) throws Exception {
    Path program = executable("graft", script);
    executable("nvidia-smi", "echo 100");
    ProcessBuilder builder =
        new ProcessBuilder(Path.of("bench/gpu-acceptance").toAbsolutePath().toString());
    builder.command().addAll(List.of(arguments));
    builder.environment().put("GRAFT", program.toString());
    builder.environment().remove("CUDA_VISIBLE_DEVICES");
    builder.environment().merge("PATH", directory + ":", (path, own) -> own + path);
    Path output = directory.resolve("output.txt");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
    assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
    return new Ended(process.exitValue(), Files.readString(output));
  }

  private Path executable(String name, String script) throws IOException {
    Path program = Files.writeString(directory.resolve(name), "#!/bin/bash\n" + script);
    return Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  @Test
  void withoutAGpuItSaysWhatDoctorSaysAndEndsWithThree() throws Exception {
    Ended ended = run(WITHOUT_GPU);
    assertThat(ended.text())
        .contains("there is no NVIDIA driver")
        .contains("gpu-acceptance: this machine has no device cuda:0");
    assertThat(ended.status()).isEqualTo(3);
    assertThat(run(WITH_GPU, "--device", "cuda:1").status()).isEqualTo(3);
    assertThat(run(WITH_GPU, "--device", "tpu").status()).isEqualTo(2);
  }

  @Test
  void onACpuItIsARehearsal() throws Exception {
    Ended ended = run(WITH_GPU.replace("@BYTES@", "same"), "--device", "cpu");
    assertThat(ended.text())
        .startsWith("a rehearsal on the CPU: no line says anything about a GPU")
        .contains("ok          memory: 712.5 MB, estimate 900 MB")
        .contains("0 failed");
    assertThat(ended.status()).isZero();
  }

  @Test
  void eachStepIsALineAndWhatCannotBeTestedIsSaid() throws Exception {
    Ended ended = run(WITH_GPU.replace("@BYTES@", "same"), "--peak-tflops", "100");
    assertThat(ended.text())
        .contains("ok          doctor", "ok          parity: 3 passed")
        .contains("ok          repeat", "ok          resume")
        .contains("ok          speed: 1000 tokens/s, 0.4 % of the 4N roofline (100 TFLOP/s)")
        .contains("ok          memory: 0 MB, estimate 900 MB")
        .contains(
            "ok          attention EFFICIENT: 3 passed", "ok          attention FLASH: 3 passed")
        .contains("0 failed");
    assertThat(ended.status()).isZero();
  }

  @Test
  void otherBytesOfAnInterruptedRunFail() throws Exception {
    Ended ended = run(WITH_GPU.replace("@BYTES@", "$out"));
    assertThat(ended.text()).contains("FAILED      repeat", "FAILED      resume", "2 failed");
    assertThat(ended.status()).isEqualTo(1);
  }
}
