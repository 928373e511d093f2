package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.graft.Concurrent;
import dev.graft.ExpectedLog;
import dev.graft.model.ComputePlan;
import dev.graft.model.DeviceMemory;
import dev.graft.model.Execution;
import dev.graft.model.TrainableModel;
import dev.graft.spec.Precision;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.TrainerCommand.TrainerProgram;
import dev.graft.weights.ModelDirectory;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
class TrainerProgramTests {
  @TempDir private Path directory;
  private Path base;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final CountDownLatch orphaned = new CountDownLatch(1);

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abc\"}\n{\"text\":\"de\"}\n");
  }

  @Test
  void requestInEventsOut() {
    assertThat(run(lines(request("{}"), ProtocolLines.write(TrainerDirective.CHECKPOINT))))
        .isEqualTo(TrainerExit.DONE);
    assertThat(events().getFirst()).isInstanceOf(TrainingEvent.Started.class);
    assertThat(events().getLast()).isInstanceOf(TrainingEvent.Completed.class);
  }

  @Test
  void aRefusedSpecIsBadInputAtItsPath() {
    assertThat(run(lines(request("{\"peft\":{\"r\":0}}")))).isEqualTo(TrainerExit.BAD_INPUT);
    assertThat(events())
        .singleElement()
        .isEqualTo(
            new TrainingEvent.Failed(
                TrainerExit.BAD_INPUT,
                "adapter.peft.r: must be a whole number from 1 to 1024",
                "adapter.peft.r"));
  }

  @Test
  void noRequestIsBadInput() {
    assertThat(run(lines("hello"))).isEqualTo(TrainerExit.BAD_INPUT);
    assertThat(run(lines())).isEqualTo(TrainerExit.BAD_INPUT);
  }

  @Test
  void aMissingFileIsTransientAndItsPathStaysInTheLog() throws IOException {
    Files.delete(directory.resolve("rows.jsonl"));
    try (ExpectedLog log = ExpectedLog.of(TrainerProgram.class, "trainer_failed")) {
      assertThat(run(lines(request("{}")))).isEqualTo(TrainerExit.TRANSIENT);
      assertThat(log.traces()).singleElement().asString().contains(directory.toString());
    }
    assertThat(out.toString(StandardCharsets.UTF_8)).doesNotContain(directory.toString());
  }

  @Test
  void theEndOfItsInputIsTheEndOfTheTrainer() throws Exception {
    try (PipedOutputStream supervisor = new PipedOutputStream()) {
      PipedInputStream in = new PipedInputStream(supervisor);
      TrainerProgram program = program(in);
      supervisor.write(
          (request("{\"training\":{\"max_steps\":2000}}") + "\n").getBytes(StandardCharsets.UTF_8));
      Thread trainer = Thread.ofPlatform().daemon().start(() -> program.run(FakeModel.SOURCE));
      supervisor.close();
      assertThat(orphaned.await(10, TimeUnit.SECONDS)).isTrue();
      trainer.join();
    }
  }

  @Test
  void lackOfMemoryIsToldFromOtherFailures() {
    for (String libtorch :
        List.of(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"
                + " bytes.",
            "[enforce fail] DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.",
            "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11"
                + " GiB of which 3.25 MiB is free.",
            "The following operation failed in the TorchScript interpreter.\n"
                + "Traceback of TorchScript (most recent call last):\n"
                + "torch.OutOfMemoryError: CUDA out of memory.",
            "CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")) {
      var wrapped = new IllegalStateException("x", new RuntimeException(libtorch));
      assertThat(TrainerProgram.failed(wrapped).failure()).isEqualTo(TrainerExit.OUT_OF_MEMORY);
    }
    for (String other :
        List.of(
            "x",
            "CUDA error: an illegal memory access was encountered",
            "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`")) {
      assertThat(TrainerProgram.failed(new IllegalStateException(other)).failure())
          .isEqualTo(TrainerExit.TRANSIENT);
    }
  }

  /** What libtorch of this release really says. */
  @Test
  void moreThanTheMachineHasIsTold() {
    try (DeviceMemory memory = DeviceMemory.open(Execution.cpu(Precision.F32, ComputePlan.KEEP))) {
      Throwable full = catchThrowable(() -> memory.zeros(1L << 45));
      TrainingEvent.Failed failed = TrainerProgram.failed(full);
      assertThat(failed.failure()).as("%s", full).isEqualTo(TrainerExit.OUT_OF_MEMORY);
      assertThat(failed.message()).contains("device's memory");
    }
  }

  /** The supervisor has the words for it, as for a JVM that ends by itself. */
  @Test
  void aFullJavaHeapIsNotToldAsTheDevice() {
    FineTune.ModelSource full =
        new FineTune.ModelSource() {
          @Override
          public TrainableModel open(
              ModelDirectory base,
              TrainingRun run,
              ComputePlan plan,
              KernelModels.DataStart start) {
            throw new IllegalStateException(new OutOfMemoryError("Java heap space"));
          }

          @Override
          public Checkpoints.CheckpointManifest.Environment environment(int threads) {
            return FakeModel.SOURCE.environment(threads);
          }
        };
    try (ExpectedLog log = ExpectedLog.of(TrainerProgram.class, "trainer_heap_full")) {
      assertThat(program(lines(request("{}"))).run(full)).isEqualTo(TrainerExit.OUT_OF_MEMORY);
      assertThat(log.seen()).hasSize(1);
    }
    assertThat(events()).noneMatch(TrainingEvent.Failed.class::isInstance);
  }

  private TrainerExit run(InputStream in) {
    return program(in).run(FakeModel.SOURCE);
  }

  private TrainerProgram program(InputStream in) {
    return new TrainerProgram(
        in, new PrintStream(out, true, StandardCharsets.UTF_8), orphaned::countDown);
  }

  private static InputStream lines(String... lines) {
    return new ByteArrayInputStream(String.join("\n", lines).getBytes(StandardCharsets.UTF_8));
  }

  private String request(String adapter) {
    return ProtocolLines.write(
        new RunRequest(
            new JsonMapper().readTree(adapter),
            1,
            new RunRequest.Base(base, "tiny"),
            new RunRequest.Data(directory.resolve("rows.jsonl"), null),
            new RunRequest.Directories(
                directory.resolve("out"), directory.resolve("checkpoints"), null),
            null,
            new RunRequest.Machine("cpu", 1)));
  }

  private List<TrainingEvent> events() {
    return out.toString(StandardCharsets.UTF_8).lines().map(ProtocolLines::readEvent).toList();
  }
}
