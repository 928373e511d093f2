package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Concurrent
class DeviceOptionTests {
  private final PrintStream out = System.out;
  private final AtomicReference<Exception> failure = new AtomicReference<>();
  private final StringWriter said = new StringWriter();
  private @TempDir Path directory;
  private String base;
  private String spec;
  private String adapter;

  @BeforeEach
  void train() throws IOException {
    base = TinyLlama.write(Files.createDirectory(directory.resolve("base")), 1).toString();
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abcabc\"}\n");
    String text =
        "{'base_model':'%s','training_file':'%s','adapter':{'training':{'max_steps':1}}}"
            .formatted(base, rows);
    spec = Files.writeString(directory.resolve("spec.json"), text.replace('\'', '"')).toString();
    adapter = directory.resolve("adapter").toString();
    assertThat(run(new TrainCommand(), spec, "--out", adapter, "--device", "cpu")).isZero();
  }

  @AfterEach
  void restore() {
    System.setOut(out);
  }

  private int run(Object command, String... arguments) {
    CommandLine line = new CommandLine(command);
    line.setErr(new PrintWriter(said));
    line.setOut(new PrintWriter(said));
    line.setExecutionExceptionHandler(
        (e, failed, parsed) -> {
          failure.set(e);
          return 3;
        });
    return line.execute(arguments);
  }

  private void refuses(Object command, String... arguments) {
    failure.set(null);
    assertThat(run(command, arguments)).isEqualTo(3);
    assertThat(failure.get()).isInstanceOf(DeviceUnavailable.class);
    assertThat(failure.get()).hasMessageContaining("no device cuda:99");
  }

  @Test
  void aDeviceThatIsNotThereIsRefusedByEveryCommandThatComputes() {
    String gpu = "cuda:99";
    String another = directory.resolve("another").toString();
    refuses(new TrainCommand(), spec, "--out", another, "--device", gpu);
    refuses(new BenchTrainCommand(), "--spec", spec, "--device", gpu);
    refuses(new BenchTrainCommand(), "--spec", spec, "--device", gpu, "--compare", "echo {}");
    refuses(new ParityCommand(), "src/test/resources", "--device", gpu);
    refuses(
        new LogitsCommand(), "--model", base, "--adapter", adapter, "--text", "a", "--device", gpu);
    refuses(
        new AdapterConversion.MergeCommand(),
        "--model",
        base,
        "--adapter",
        adapter,
        "--out",
        another,
        "--device",
        gpu);
    assertThat(directory.resolve("another")).doesNotExist();
  }

  @Test
  void whatIsNoDeviceIsSaidToBeNone() {
    assertThat(run(new TrainCommand(), spec, "--out", adapter, "--device", "gpu")).isEqualTo(3);
    assertThat(failure.get()).hasMessageContaining("gpu is not a device");
  }

  @Test
  void logitsAreThoseOfTheCpuIfNothingIsSaid() {
    run(new LogitsCommand(), "--model", base, "--adapter", adapter, "--text", "ab");
    String silent = said.toString();
    said.getBuffer().setLength(0);
    run(
        new LogitsCommand(),
        "--model",
        base,
        "--adapter",
        adapter,
        "--text",
        "ab",
        "--device",
        "cpu");
    assertThat(said.toString()).isEqualTo(silent).contains("logits");
  }
}
