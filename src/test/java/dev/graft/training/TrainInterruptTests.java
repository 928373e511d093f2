package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.ChildJvm;
import dev.graft.tiny.TinyLlama;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code graft train} as a process, and signals as a terminal and a service manager send them. */
@Timeout(300)
class TrainInterruptTests {
  private static final int INTERRUPTED = 130;
  private static final int TERMINATED = 143;
  private static final int SIGINT = 2;

  @TempDir private Path directory;
  private Process train;

  @AfterEach
  void end() {
    if (train != null) train.destroyForcibly();
  }

  @Test
  void anInterruptedRunKeepsACheckpointAndTheSameCommandGoesOn() throws Exception {
    Path spec = spec(1, "'max_steps':1000000");
    TrainingEvent last = signalledAfterAStep(spec, "INT");
    assertThat(train.waitFor()).isEqualTo(INTERRUPTED);
    long step = step(last);
    assertThat(errors())
        .contains("stopping after this step")
        .endsWith("stopped after step %d; the same command resumes from there\n".formatted(step));

    last = signalledAfterAStep(spec, "TERM");
    assertThat(train.waitFor()).isEqualTo(TERMINATED);
    assertThat(errors()).contains("resuming from").contains("step-%08d".formatted(step));
    assertThat(step(last)).isGreaterThan(step);
  }

  /** A step of so many micro-batches takes longer than any test. */
  @Test
  void aSecondInterruptEndsAtOnce() throws Exception {
    Path spec = spec(20_000, "'max_steps':1,'gradient_accumulation_steps':20000");
    start(spec);
    try (BufferedReader events = train.inputReader(StandardCharsets.UTF_8)) {
      assertThat(ProtocolLines.readEvent(events.readLine()))
          .isInstanceOf(TrainingEvent.Started.class);
      signal("INT");
      try (BufferedReader said = train.errorReader(StandardCharsets.UTF_8)) {
        while (!said.readLine().contains("repeat to stop at once")) continue;
      }
      signal("INT");
      assertThat(train.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(train.exitValue()).isEqualTo(INTERRUPTED);
      assertThat(events.readLine()).isNull();
    }
    assertThat(directory.resolve("out/checkpoints")).doesNotExist();
  }

  /** The run's last event. */
  private TrainingEvent signalledAfterAStep(Path spec, String signal) throws Exception {
    start(spec);
    TrainingEvent last = null;
    boolean sent = false;
    try (BufferedReader events = train.inputReader(StandardCharsets.UTF_8)) {
      for (String line = events.readLine(); line != null; line = events.readLine()) {
        last = ProtocolLines.readEvent(line);
        if (!sent && last instanceof TrainingEvent.Progress) {
          sent = true;
          signal(signal);
        }
      }
    }
    return last;
  }

  private long step(TrainingEvent event) {
    assertThat(event).isInstanceOf(TrainingEvent.Checkpoint.class);
    return ((TrainingEvent.Checkpoint) event).step();
  }

  private void start(Path spec) throws IOException {
    Path out = directory.resolve("out");
    List<String> command = new ArrayList<>();
    if (ignoresInterrupts()) command.addAll(List.of("env", "--default-signal=INT"));
    command.addAll(
        ChildJvm.ofThisProgram(
            "256m", "train", spec.toString(), "--out", out.toString(), "--json"));
    train = new ProcessBuilder(command).start();
  }

  /** As what a shell starts in the background without job control; a child inherits that. */
  private static boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) return false;
    String ignored =
        Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .findFirst()
            .orElseThrow();
    return (Long.parseUnsignedLong(ignored.substring(7).strip(), 16) & 1L << SIGINT - 1) != 0;
  }

  private void signal(String name) throws Exception {
    String pid = Long.toString(train.pid());
    assertThat(new ProcessBuilder("kill", "-" + name, pid).start().waitFor()).isZero();
  }

  private String errors() throws IOException {
    return new String(train.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private Path spec(int rows, String training) throws IOException {
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    Path data = directory.resolve("rows.jsonl");
    Files.write(data, Stream.generate(() -> "{\"text\":\"abc\"}").limit(rows).toList());
    String spec =
        "{'base_model':'%s','training_file':'%s','adapter':{'training':{%s}}}"
            .formatted(base, data, training);
    return Files.writeString(directory.resolve("spec.json"), spec.replace('\'', '"'));
  }
}
