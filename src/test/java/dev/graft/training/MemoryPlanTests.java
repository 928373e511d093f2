package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.ActivationBudget;
import dev.graft.model.TrainableModel;
import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.TrainingEvent.Planned;
import dev.graft.training.TrainingEvent.Progress;
import dev.graft.weights.ModelDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run does with the memory that it is given; real kernels. */
@Concurrent
class MemoryPlanTests {
  private static final int ROWS = 11;

  @TempDir private Path directory;
  private Path base;
  private Path rows;

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < ROWS; i++) {
      lines.append(
          "{\"prompt\":\"%s\",\"completion\":\"%s\"}%n"
              .formatted("ab".repeat(i), "xyz".repeat(1 + i % 4)));
    }
    rows = Files.writeString(directory.resolve("rows.jsonl"), lines);
  }

  private List<TrainingEvent> run(String checkpointing, @Nullable Long memory, boolean least) {
    RecordedRuns runs = new RecordedRuns();
    runs.run(asked(checkpointing, memory, least), 0);
    return List.copyOf(runs.events);
  }

  private TrainingRun asked(String checkpointing, @Nullable Long memory, boolean least) {
    String spec =
        ("{'peft':{'r':4,'lora_dropout':0.2},'training':{'num_train_epochs':2,'learning_rate':0.01,"
                + "'per_device_train_batch_size':4,'gradient_accumulation_steps':2,"
                + "'dataloader_drop_last':true,'gradient_checkpointing':%s}}")
            .formatted(checkpointing);
    TrainingRun asked = RecordedRuns.of(spec, base, rows, null, directory.resolve("out"), null);
    return new TrainingRun(
        asked.spec(),
        asked.base(),
        asked.data(),
        asked.directories(),
        null,
        new RunRequest.Machine("cpu", 1, memory, least));
  }

  private static <E> List<E> of(Class<E> type, List<TrainingEvent> events) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }

  /** Nothing is dropped from the last batch, no step more or less, and the same dropout. */
  private static void sameSteps(List<TrainingEvent> one, List<TrainingEvent> other) {
    List<Progress> steps = of(Progress.class, one);
    List<Progress> others = of(Progress.class, other);
    assertThat(steps).hasSameSizeAs(others).hasSize(2);
    for (int i = 0; i < steps.size(); i++) {
      assertThat(steps.get(i).loss()).isCloseTo(others.get(i).loss(), within(1e-5));
      assertThat(steps.get(i).gradNorm()).isCloseTo(others.get(i).gradNorm(), within(1e-4));
      assertThat(steps.get(i).trainedTokens()).isEqualTo(others.get(i).trainedTokens());
    }
  }

  @Test
  void littleMemoryMakesTheSameStepsARowAtATime() {
    List<TrainingEvent> whole = run("false", null, false);
    List<TrainingEvent> planned = run("'auto'", 1L, false);
    sameSteps(planned, whole);
    assertThat(of(Planned.class, whole)).isEmpty();
    Planned plan = of(Planned.class, planned).getFirst();
    assertThat(plan.rows()).isEqualTo(4);
    assertThat(plan.rowsAtATime()).isOne();
    assertThat(plan.recomputedLayers()).isEqualTo(plan.layers()).isPositive();
    assertThat(plan.sentence()).contains("1 of its 4 rows at a time", "layers are recomputed");
  }

  @Test
  void enoughMemoryKeepsAll() {
    Planned plan = of(Planned.class, run("'auto'", 1L << 40, false)).getFirst();
    assertThat(plan.rowsAtATime()).isEqualTo(4);
    assertThat(plan.recomputedLayers()).isZero();
    assertThat(plan.sentence()).contains("computed as a whole, all activations are kept");
  }

  /** How such a run is computed. */
  private ComputePlan plan(String checkpointing, @Nullable Long memory, boolean least) {
    AtomicReference<ComputePlan> plan = new AtomicReference<>();
    FineTune.ModelSource source =
        new FineTune.ModelSource() {
          @Override
          public TrainableModel open(
              ModelDirectory model,
              TrainingRun run,
              ComputePlan how,
              KernelModels.DataStart start) {
            plan.set(how);
            return FakeModel.SOURCE.open(model, run, how, start);
          }

          @Override
          public Checkpoints.CheckpointManifest.Environment environment(int threads) {
            return FakeModel.SOURCE.environment(threads);
          }
        };
    TrainingRun run = asked(checkpointing, memory, least);
    new FineTune(run, event -> {}, () -> null, source).run();
    return Objects.requireNonNull(plan.get());
  }

  @Test
  void weightsLieTwiceWhereMemoryIsKnownToHaveRoom() {
    assertThat(plan("false", 1L << 40, false).turnedWeights()).isTrue();
    assertThat(plan("false", null, false).turnedWeights()).isFalse();
    assertThat(plan("false", 1L << 20, false).turnedWeights()).isFalse();
    assertThat(plan("false", 1L << 40, true).turnedWeights()).isFalse();
  }

  @Test
  void turnedWeightsAreNoRoomForActivations() {
    long memory = 1L << 40;
    TrainingSpec spec = asked("'auto'", memory, false).spec();
    ActivationBudget planned = Objects.requireNonNull(plan("'auto'", memory, false).budget());
    try (ModelDirectory model = ModelDirectory.open(base)) {
      MemoryNeed.FittingPlan fitting = MemoryNeed.FittingPlan.of(model, spec, new int[] {64}, 1);
      assertThat(fitting.turned()).isPositive();
      assertThat(planned.bytes()).isEqualTo(memory - fitting.held() - fitting.turned());
    }
  }

  @Test
  void aRunAfterOneThatHadNotEnoughTakesTheLeastWhateverIsAsked() {
    List<TrainingEvent> again = run("false", 1L << 40, true);
    sameSteps(again, run("false", null, false));
    assertThat(of(Planned.class, again).getFirst().rowsAtATime()).isOne();
  }
}
