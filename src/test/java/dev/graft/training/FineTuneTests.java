package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.Concurrent;
import dev.graft.spec.Lora;
import dev.graft.tiny.TinyLlama;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loop, on a model that one can predict. */
@Concurrent
class FineTuneTests {
  private static final String SPEC =
      "{'peft':{'r':4,'target_modules':['q_proj']},'training':{'num_train_epochs':3,"
          + "'per_device_train_batch_size':2,'gradient_accumulation_steps':2,'warmup_ratio':0.1,"
          + "'learning_rate':0.01,'save_steps':4,'eval_steps':5,'max_length':64}}";

  @TempDir private Path directory;
  private Path base;
  private Path rows;
  private final RecordedRuns runs = new RecordedRuns();

  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 13; i++) {
      lines.append(
          "{\"messages\":[{\"role\":\"user\",\"content\":\"say %s\"},{\"role\":\"assistant\",\"content\":\"%s\"}]}%n"
              .formatted("ab".repeat(i), "z".repeat(13 - i)));
    }
    rows = Files.writeString(directory.resolve("rows.jsonl"), lines);
  }

  @AfterEach
  void noMoreNaN() {
    FakeModel.NAN_AT.set(-1);
  }

  @Test
  void aRunTellsItsStepsAndWritesAnAdapter() {
    assertThat(run("out", SPEC, null, () -> null)).isEqualTo(TrainerExit.DONE);
    var started = (TrainingEvent.Started) runs.events.getFirst();
    assertThat(started.totalSteps()).isEqualTo(12); // 13 rows: 7 batches, 4 windows, 3 epochs
    assertThat(runs.of(TrainingEvent.Progress.class)).hasSize(12);
    assertThat(runs.of(TrainingEvent.Progress.class).getFirst().learningRate()).isZero();
    assertThat(runs.of(TrainingEvent.Progress.class).getLast().epoch()).isEqualTo(3);
    assertThat(runs.of(TrainingEvent.Progress.class).getLast().trainedTokens())
        .isEqualTo(3 * started.trainedTokensPerEpoch());
    assertThat(runs.of(TrainingEvent.Evaluated.class))
        .extracting(TrainingEvent.Evaluated::step)
        .containsExactly(0L, 5L, 10L, 12L);
    assertThat(runs.of(TrainingEvent.Checkpoint.class))
        .extracting(TrainingEvent.Checkpoint::step)
        .containsExactly(4L, 8L);
    try (SavedAdapter adapter = SavedAdapter.read(directory.resolve("out"))) {
      assertThat(((Lora) adapter.method()).r()).isEqualTo(4);
    }
  }

  @Test
  void rowsThatAreHeldOutAreValidatedWithAndNotTrainedOn() throws IOException {
    String spec = SPEC.replace("'eval_steps':5", "'eval_steps':5,'held_out':0.25");
    TrainingRun run = RecordedRuns.of(spec, base, rows, null, directory.resolve("out"), null);
    assertThat(new FineTune(run, runs.events::add, () -> null, FakeModel.SOURCE).run())
        .isEqualTo(TrainerExit.DONE);
    var started = (TrainingEvent.Started) runs.events.getFirst();
    assertThat(started.rows()).isEqualTo(10);
    assertThat(started.validationRows()).isEqualTo(3);
    assertThat(runs.of(TrainingEvent.Evaluated.class))
        .extracting(TrainingEvent.Evaluated::step)
        .containsExactly(0L, 5L, 9L);
    List<TrainingEvent> first = List.copyOf(runs.events);
    runs.events.clear();
    TrainingRun again = RecordedRuns.of(spec, base, rows, null, directory.resolve("again"), null);
    new FineTune(again, runs.events::add, () -> null, FakeModel.SOURCE).run();
    assertThat(runs.of(TrainingEvent.Evaluated.class))
        .isEqualTo(first.stream().filter(TrainingEvent.Evaluated.class::isInstance).toList());
  }

  @Test
  void otherFormsOfTheResultLieBesideIt() throws IOException {
    String rslora = SPEC.replace("'r':4,", "'r':4,'use_rslora':true,");
    run("first", rslora.replace("{'peft'", "{'output':{'merged':true},'peft'"), null, () -> null);
    try (SavedAdapter plain = SavedAdapter.read(directory.resolve("first/plain_lora"));
        ModelDirectory merged = ModelDirectory.open(directory.resolve("first/merged"))) {
      assertThat(((Lora) plain.method()).variant().useRslora()).isFalse();
      merged.check();
    }
    run(
        "second",
        rslora.replace("{'peft'", "{'output':{'plain_lora':false},'peft'"),
        null,
        () -> null);
    assertThat(directory.resolve("second/plain_lora")).doesNotExist();
    assertThat(directory.resolve("second/merged")).doesNotExist();
    assertThat(directory.resolve("second/adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("first/adapter_model.safetensors"));
  }

  @Test
  void aResumedRunGivesTheSameBytesFromEveryCheckpoint() throws IOException {
    run("whole", SPEC.replace("'save_steps':4", "'save_steps':0"), null, () -> null);
    int interrupted = 0;
    for (int stopAt = 1; stopAt < 12; stopAt++) {
      String name = "stopped-" + stopAt;
      int steps = stopAt;
      runs.events.clear();
      TrainerExit exit =
          run(name, SPEC, null, runs.once(steps, TrainerDirective.STOP_AFTER_CHECKPOINT));
      assertThat(exit).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
      Path checkpoint = Path.of(runs.of(TrainingEvent.Checkpoint.class).getLast().directory());
      assertThat(run(name, SPEC, checkpoint, () -> null)).isEqualTo(TrainerExit.DONE);
      assertThat(directory.resolve(name).resolve("adapter_model.safetensors"))
          .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
      assertThat(directory.resolve(name).resolve("README.md"))
          .hasSameBinaryContentAs(directory.resolve("whole/README.md"));
      interrupted++;
    }
    assertThat(interrupted).isEqualTo(11);
  }

  @Test
  void checkpointsAreMadeByTimeToo() {
    String spec = SPEC.replace("'save_steps':4", "'save_steps':7,'save_minutes':2.5");
    TrainingRun run = RecordedRuns.of(spec, base, rows, null, directory.resolve("out"), null);
    // a step takes a minute
    LongSupplier clock =
        () -> TimeUnit.MINUTES.toNanos(runs.of(TrainingEvent.Progress.class).size());
    new FineTune(run, runs.events::add, () -> null, FakeModel.SOURCE, clock).run();
    assertThat(runs.of(TrainingEvent.Checkpoint.class))
        .extracting(TrainingEvent.Checkpoint::step)
        .containsExactly(3L, 6L, 7L, 10L);
  }

  @Test
  void epochsEndWithACheckpointTheLastOneToo() {
    String spec = SPEC.replace("'save_steps':4,", "");
    run("out", spec, null, () -> null);
    List<TrainingEvent.Checkpoint> made = runs.of(TrainingEvent.Checkpoint.class);
    assertThat(made).extracting(TrainingEvent.Checkpoint::step).containsExactly(4L, 8L, 12L);
    Path last = Path.of(made.getLast().directory());
    assertThat(last.resolve("adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("out/adapter_model.safetensors"));
    runs.events.clear();
    assertThat(run("out", spec, last, () -> null)).isEqualTo(TrainerExit.DONE);
    assertThat(runs.of(TrainingEvent.Checkpoint.class)).isEmpty();
  }

  /** At steps 5 and 10, after the last one, and before the first one, where nothing is to keep. */
  @ParameterizedTest
  @ValueSource(longs = {0, 5, 10, 12})
  void aStopBreaksAnEvaluationOffAndTheNextRunMakesIt(long at) {
    String spec = SPEC.replace("'eval_steps':5", "'eval_steps':5,'early_stopping_patience':9");
    run("whole", spec, null, () -> null);
    List<TrainingEvent.Evaluated> whole = runs.of(TrainingEvent.Evaluated.class);
    runs.events.clear();
    TrainingEvent begun = new TrainingEvent.Evaluating(at);
    AtomicBoolean said = new AtomicBoolean();
    TrainerExit exit =
        run(
            "out",
            spec,
            null,
            () ->
                runs.events.contains(begun) && said.compareAndSet(false, true)
                    ? TrainerDirective.STOP_AFTER_CHECKPOINT
                    : null);
    assertThat(exit).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    List<TrainingEvent.Checkpoint> made = runs.of(TrainingEvent.Checkpoint.class);
    if (at == 0) {
      assertThat(made).isEmpty();
      return;
    }
    assertThat(made.getLast().step()).isEqualTo(at);
    List<TrainingEvent.Evaluated> evaluated = runs.of(TrainingEvent.Evaluated.class);
    runs.events.clear();
    run("out", spec, Path.of(made.getLast().directory()), () -> null);
    assertThat(evaluated).doesNotContainAnyElementsOf(runs.of(TrainingEvent.Evaluated.class));
    assertThat(Stream.concat(evaluated.stream(), runs.of(TrainingEvent.Evaluated.class).stream()))
        .containsExactlyElementsOf(whole);
    assertThat(directory.resolve("out/adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
  }

  @Test
  void aRunThatIsStoppedBeforeItHasMadeAStepLeavesNoCheckpoint() {
    run("out", SPEC, null, runs.once(6, TrainerDirective.STOP_AFTER_CHECKPOINT));
    Path checkpoint = Path.of(runs.of(TrainingEvent.Checkpoint.class).getLast().directory());
    runs.events.clear();
    AtomicBoolean said = new AtomicBoolean();
    assertThat(
            run(
                "again",
                SPEC,
                checkpoint,
                () ->
                    said.compareAndSet(false, true)
                        ? TrainerDirective.STOP_AFTER_CHECKPOINT
                        : null))
        .isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    assertThat(runs.of(TrainingEvent.Checkpoint.class)).isEmpty();
  }

  @Test
  void aRunGoesOnInAReleaseThatKnowsMoreSettings() throws IOException {
    run("whole", SPEC, null, () -> null);
    run("stopped", SPEC, null, runs.once(6, TrainerDirective.STOP_AFTER_CHECKPOINT));
    Path checkpoint = Checkpoints.newest(directory.resolve("stopped/checkpoints")).orElseThrow();
    Path manifest = checkpoint.resolve("checkpoint.json");
    String written = Files.readString(manifest);
    String before = written.replaceFirst("\"neftune_noise_alpha\" : 0.0,", "");
    assertThat(before).isNotEqualTo(written);
    Files.writeString(manifest, before);
    assertThat(run("stopped", SPEC, checkpoint, () -> null)).isEqualTo(TrainerExit.DONE);
    assertThat(directory.resolve("stopped/adapter_model.safetensors"))
        .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
  }

  @Test
  void onlyTheLastTwoCheckpointsAreKept() throws IOException {
    run("out", SPEC.replace("'save_steps':4", "'save_steps':1"), null, () -> null);
    try (var kept = Files.list(directory.resolve("out/checkpoints"))) {
      assertThat(kept.map(p -> p.getFileName().toString()))
          .containsExactlyInAnyOrder("step-00000010", "step-00000011");
    }
  }

  @Test
  void aDamagedOrForeignCheckpointIsRefused() throws IOException {
    run("out", SPEC, null, () -> null);
    Path checkpoint = Checkpoints.newest(directory.resolve("out/checkpoints")).orElseThrow();
    assertRefused(SPEC.replace("0.01", "0.02"), checkpoint, "other settings");
    assertRefused(SPEC, directory, "no complete checkpoint");
    Path weights = checkpoint.resolve("trained.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    bytes[bytes.length - 1] ^= 1;
    Files.write(weights, bytes);
    assertRefused(SPEC, checkpoint, "damaged: trained.safetensors");
    assertThat(Checkpoints.newest(directory.resolve("out/checkpoints")))
        .hasValueSatisfying(older -> assertThat(older).hasFileName("step-00000004"));
    Files.writeString(rows, "{\"text\":\"other\"}\n");
    assertRefused(SPEC, directory.resolve("out/checkpoints/step-00000004"), "other training data");
  }

  @Test
  void aFinerSplitOfTheSameStepsMayResume() {
    run("out", SPEC, null, () -> null);
    String finer =
        SPEC.replace("size':2", "size':1")
            .replace("accumulation_steps':2", "accumulation_steps':4");
    Path checkpoint = Checkpoints.newest(directory.resolve("out/checkpoints")).orElseThrow();
    assertThat(run("finer", finer, checkpoint, () -> null)).isEqualTo(TrainerExit.DONE);
  }

  @Test
  void cancellingEndsWithoutAResult() {
    TrainerExit exit = run("out", SPEC, null, runs.once(3, TrainerDirective.CANCEL));
    assertThat(exit).isEqualTo(TrainerExit.CANCELLED);
    assertThat(directory.resolve("out/adapter_model.safetensors")).doesNotExist();
  }

  @Test
  void aLossThatIsNoNumberStopsAndNamesItsRows() {
    FakeModel.NAN_AT.set(2);
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run("out", SPEC, null, () -> null))
        .withMessageContaining("step 3, in rows from line ");
  }

  @Test
  void trainingEndsWhenEvaluationsNoLongerImprove() {
    String spec =
        SPEC.replace(
            "'eval_steps':5",
            "'eval_steps':2,'early_stopping_patience':2,'early_stopping_threshold':1000");
    assertThat(run("out", spec, null, () -> null)).isEqualTo(TrainerExit.DONE);
    assertThat(runs.of(TrainingEvent.Evaluated.class))
        .extracting(TrainingEvent.Evaluated::step)
        .containsExactly(0L, 2L, 4L, 6L);
    assertThat(runs.of(TrainingEvent.Completed.class).getFirst().steps()).isEqualTo(6);
  }

  @Test
  void theResultHasTheBestWeightsEvenAfterAResume() {
    String spec =
        SPEC.replace("'eval_steps':5", "'eval_steps':1,'load_best_model_at_end':true")
            .replace("0.01", "1");
    run("whole", spec, null, () -> null);
    List<TrainingEvent.Evaluated> all = runs.of(TrainingEvent.Evaluated.class);
    double best =
        all.stream().skip(1).mapToDouble(TrainingEvent.Evaluated::validLoss).min().orElseThrow();
    assertThat(all.getLast().validLoss()).isGreaterThan(best);
    assertThat(runs.of(TrainingEvent.Completed.class).getFirst().validLoss()).isEqualTo(best);
    for (int stopAt : new int[] {3, 7, 11}) {
      String name = "stopped-" + stopAt;
      run(name, spec, null, runs.once(stopAt, TrainerDirective.STOP_AFTER_CHECKPOINT));
      Path checkpoint = Checkpoints.newest(directory.resolve(name + "/checkpoints")).orElseThrow();
      run(name, spec, checkpoint, () -> null);
      assertThat(directory.resolve(name).resolve("adapter_model.safetensors"))
          .hasSameBinaryContentAs(directory.resolve("whole/adapter_model.safetensors"));
    }
  }

  @Test
  void whatNeedsAValidationFileSaysSo() {
    String spec = SPEC.replace("'eval_steps':5", "'eval_steps':1,'load_best_model_at_end':true");
    TrainingRun run = RecordedRuns.of(spec, base, rows, null, directory.resolve("out"), null);
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> new FineTune(run, runs.events::add, () -> null, FakeModel.SOURCE).run())
        .withMessageContaining("need a validation file");
  }

  @Test
  void aLossFarAboveTheStartIsASpike() {
    RunProgress.LossTrend trend = RunProgress.LossTrend.NONE;
    for (int i = 0; i < 9; i++) trend = trend.after(2);
    assertThat(trend.spikes(100)).isFalse(); // too early to tell
    trend = trend.after(2);
    for (int i = 0; i < 50; i++) trend = trend.after(0.01);
    assertThat(trend.spikes(4.9)).isFalse();
    assertThat(trend.spikes(5.1)).isTrue();
  }

  @Test
  void badRowsAreToldByLine() throws IOException {
    Files.writeString(rows, "{\"text\":\"fine\"}\n{\"text\":\"no <|end|> here\"}\nnot json\n");
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run("out", SPEC, null, () -> null))
        .withMessageContaining("line 3 is not a JSON object")
        .withMessageContaining("line 2 contains <|end|>");
  }

  @Test
  void plainTextIsLaidEndToEndForPretraining() {
    String spec =
        SPEC.replace("{'peft'", "{'objective':'pretraining','peft'").replace("h':64", "h':16");
    run("out", spec, null, () -> null);
    var started = (TrainingEvent.Started) runs.events.getFirst();
    assertThat(started.maxLength()).isEqualTo(16);
    assertThat((long) started.rows()).isEqualTo((started.tokensPerEpoch() + 15) / 16);
    assertThat(started.trainedTokensPerEpoch())
        .isEqualTo(started.tokensPerEpoch() - started.rows());
  }

  private void assertRefused(String spec, Path checkpoint, String message) {
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run("again", spec, checkpoint, () -> null))
        .withMessageContaining(message);
  }

  private TrainerExit run(
      String name,
      String spec,
      @Nullable Path resumeFrom,
      Supplier<@Nullable TrainerDirective> directives) {
    TrainingRun run = RecordedRuns.of(spec, base, rows, rows, directory.resolve(name), resumeFrom);
    return new FineTune(run, runs.events::add, directives, FakeModel.SOURCE).run();
  }
}
