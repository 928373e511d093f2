package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Steps whose numbers are wrong. */
class StepGuardsTests {
  private static final String SPEC =
      "{'peft':{'r':4,'target_modules':['q_proj']},'training':{'max_steps':20,"
          + "'per_device_train_batch_size':2,'save_steps':0,'eval_steps':5%s}}";
  private static final String SKIPS = SPEC.formatted(",'skip_nonfinite_steps':true");

  @TempDir private Path directory;
  private Path base;
  private final RecordedRuns runs = new RecordedRuns();

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
  }

  @AfterEach
  void noMoreNaN() {
    FakeModel.NAN_AT.set(-1);
    FakeModel.NAN_STEPS.set(Long.MAX_VALUE);
    FakeModel.OVERFLOWS.set(0);
  }

  @Test
  void aStepWhoseGradientsOverflowIsMadeAgainAndNothingIsLeftOut() throws IOException {
    run("calm", SPEC.formatted(""), null, () -> null);
    var calm = runs.of(TrainingEvent.Evaluated.class);
    FakeModel.OVERFLOWS.set(3);
    assertThat(run("out", SPEC.formatted(""), null, () -> null)).isEqualTo(TrainerExit.DONE);
    assertThat(FakeModel.OVERFLOWS.get()).isZero();
    assertThat(runs.of(TrainingEvent.StepSkipped.class)).isEmpty();
    assertThat(runs.of(TrainingEvent.Evaluated.class)).hasSize(5).isEqualTo(calm);
  }

  @Test
  void aStepWhoseLossIsNoNumberIsLeftOutWhereAsked() throws IOException {
    nanFrom(7, 4);
    assertThat(run("out", SKIPS, null, () -> null)).isEqualTo(TrainerExit.DONE);
    assertThat(runs.of(TrainingEvent.StepSkipped.class))
        .extracting(TrainingEvent.StepSkipped::step)
        .containsExactly(8L, 9L, 10L, 11L);
    assertThat(runs.of(TrainingEvent.StepSkipped.class).getFirst().reason())
        .contains("the loss is not a finite number in step 8, in rows from line ");
    assertThat(runs.of(TrainingEvent.Progress.class)).hasSize(16);
    assertThat(runs.of(TrainingEvent.Evaluated.class))
        .as("evaluations come after left out steps too")
        .extracting(TrainingEvent.Evaluated::step)
        .containsExactly(0L, 5L, 10L, 15L, 20L);
    long trained =
        runs.of(TrainingEvent.Progress.class).stream()
            .mapToLong(step -> step.tokens().trained())
            .sum();
    var completed = runs.of(TrainingEvent.Completed.class).getFirst();
    assertThat(completed.steps()).isEqualTo(20);
    assertThat(completed.trainedTokens()).isEqualTo(trained);
  }

  @Test
  void otherwiseItEndsTheRun() {
    nanFrom(7, 4);
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run("out", SPEC.formatted(""), null, () -> null))
        .withMessageContaining("not a finite number in step 8");
  }

  @Test
  void tenInARowEndTheRunHoweverOftenItIsResumed() throws IOException {
    nanFrom(3, Long.MAX_VALUE);
    AtomicBoolean said = new AtomicBoolean();
    TrainerExit exit =
        run(
            "out",
            SKIPS,
            null,
            () ->
                runs.of(TrainingEvent.StepSkipped.class).size() == 6
                        && said.compareAndSet(false, true)
                    ? TrainerDirective.STOP_AFTER_CHECKPOINT
                    : null);
    assertThat(exit).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    Path checkpoint = Checkpoints.newest(directory.resolve("out/checkpoints")).orElseThrow();
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run("out", SKIPS, checkpoint, () -> null))
        .withMessageContaining("10 consecutive steps made no update")
        .withMessageContaining("in step 13");
    assertThat(runs.of(TrainingEvent.StepSkipped.class)).hasSize(3);
    noMoreNaN();
    assertThat(run("other", SPEC.formatted(""), checkpoint, () -> null))
        .as("what becomes of such steps is no other run")
        .isEqualTo(TrainerExit.DONE);
  }

  @Test
  void aRegressionMayHaveARowFarFromTheOthers() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 14; i++) {
      lines.append("{\"text\":\"abc\",\"label\":%d}%n".formatted(i == 12 ? 500 : 0));
    }
    Path rows = Files.writeString(directory.resolve("numbers.jsonl"), lines);
    String spec =
        "{'objective':'regression','peft':{'r':4},'training':{'num_train_epochs':1,"
            + "'per_device_train_batch_size':1,'train_sampling_strategy':'sequential'%s}}";
    Path out = directory.resolve("out");
    assertThat(runs.run(RecordedRuns.of(spec.formatted(""), base, rows, null, out, null), 0))
        .isEqualTo(TrainerExit.DONE);
    assertThat(runs.of(TrainingEvent.Progress.class).get(12).loss()).isGreaterThan(10_000);
    String guarded = spec.formatted(",'loss_spike_guard':true");
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> runs.run(RecordedRuns.of(guarded, base, rows, null, out, null), 0))
        .withMessageContaining("the loss jumped to ")
        .withMessageContaining("in step 13, in rows from line 13;")
        .withMessageContaining("loss_spike_guard");
  }

  private static void nanFrom(long update, long steps) {
    FakeModel.NAN_AT.set(update);
    FakeModel.NAN_STEPS.set(steps);
  }

  private TrainerExit run(
      String name,
      String spec,
      @Nullable Path checkpoint,
      Supplier<@Nullable TrainerDirective> directives) {
    try {
      StringBuilder lines = new StringBuilder();
      for (int i = 0; i < 13; i++) {
        lines.append(
            "{\"prompt\":\"say %s\",\"completion\":\"%s\"}%n".formatted("ab".repeat(i), i));
      }
      Path rows = Files.writeString(directory.resolve("rows.jsonl"), lines);
      TrainingRun run =
          RecordedRuns.of(spec, base, rows, rows, directory.resolve(name), checkpoint);
      runs.events.clear();
      return new FineTune(run, runs.events::add, directives, FakeModel.SOURCE).run();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
