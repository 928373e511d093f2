package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.graft.kernels.CudaLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code graft serve} as a program of its own. */
class ServeDeviceTests {
  @TempDir private Path directory;

  private record Ended(int status, String error) {}

  private Ended serve(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "dev.graft.cli.GraftCommand",
            "serve",
            "--role",
            "worker",
            // Nobody listens there: whoever asked it first would say so.
            "--server",
            "http://127.0.0.1:1",
            "--join-token",
            "unused",
            "--data-dir",
            directory.resolve("data").toString()));
    command.addAll(List.of(arguments));
    Path error = directory.resolve("error.txt");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(error.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("GRAFT_"));
    Process process = builder.start();
    process.getOutputStream().close();
    assertThat(process.waitFor(3, TimeUnit.MINUTES)).isTrue();
    return new Ended(process.exitValue(), Files.readString(error));
  }

  @Test
  void aGpuThatIsNotThereIsRefusedInOneLineWithItsCure() throws Exception {
    assumeFalse(CudaLibrary.driverOpens(), "this machine has an NVIDIA driver");
    Ended ended = serve("--device", "cuda:0");
    assertThat(ended.error()).startsWith("graft: this machine has no device cuda:0: ");
    assertThat(ended.error()).contains("install the driver").contains("or use cpu");
    assertThat(ended.error().lines()).hasSize(1);
    assertThat(ended.status()).isEqualTo(3);
  }

  @Test
  void soIsOneThatTheConfigurationNames() throws Exception {
    Path configuration =
        Files.writeString(directory.resolve("graft.yml"), "graft.worker.devices: cpu,cuda:99\n");
    Ended ended = serve("--config", configuration.toString());
    assertThat(ended.error().lines().filter(line -> line.startsWith("graft: ")))
        .singleElement()
        .asString()
        .startsWith("graft: this machine has no device cuda:99");
    assertThat(ended.error()).doesNotContain("Exception");
    assertThat(ended.status()).isEqualTo(3);
    assertThat(directory.resolve("data/worker/credential.json")).doesNotExist();
  }

  @Test
  void whatIsNoDeviceIsAWrongRequest() throws Exception {
    Ended ended = serve("--device", "gpu");
    assertThat(ended.error()).contains("--device gpu is not a device", "cuda:0");
    assertThat(ended.status()).isEqualTo(2);
  }
}
