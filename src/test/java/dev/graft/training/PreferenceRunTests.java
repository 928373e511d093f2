package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs that learn from pairs, with the real kernels. */
@Concurrent
class PreferenceRunTests {
  private static final String LORA =
      "{'objective':'dpo','peft':{'r':4,'lora_dropout':0.1},'training':{'max_steps':8,"
          + "'per_device_train_batch_size':2,'gradient_accumulation_steps':2,'learning_rate':0.01,"
          + "'beta':0.5,'lr_scheduler_type':'constant'}}";

  @TempDir private Path directory;
  private Path base;
  private Path rows;
  private Path held;
  private final RecordedRuns runs = new RecordedRuns();

  /** Whoever answers in x is preferred to who answers in y. */
  @BeforeEach
  void write() throws IOException {
    base = TinyLlama.write(directory.resolve("base"), 1);
    rows = pairs("rows.jsonl", "ab", 11);
    held = pairs("held.jsonl", "cd", 5);
  }

  private Path pairs(String name, String prompt, int count) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 1; i <= count; i++) {
      lines.append(
          "{\"prompt\":\"%s\",\"chosen\":\"%s\",\"rejected\":\"%s\"}%n"
              .formatted(prompt.repeat(i), "x".repeat(count + 1 - i), "y".repeat(i)));
    }
    return Files.writeString(directory.resolve(name), lines);
  }

  @Test
  void theStartIsTheReferenceAndTrainingPrefersTheChosen() {
    assertThat(run(LORA.replace("'max_steps':8", "'max_steps':30"), "out", null, 0))
        .isEqualTo(TrainerExit.DONE);
    var started = (TrainingEvent.Started) runs.events.getFirst();
    assertThat(started.rows()).isEqualTo(11);
    List<TrainingEvent.Evaluated> evaluations = runs.of(TrainingEvent.Evaluated.class);
    assertThat(evaluations.getFirst().validLoss()).isCloseTo(Math.log(2), within(1e-6));
    assertThat(evaluations.getFirst().metrics().get("rewards/margins")).isCloseTo(0, within(1e-6));
    assertThat(evaluations.getLast().metrics().get("rewards/accuracies")).isEqualTo(1);
    assertThat(evaluations.getLast().validLoss()).isLessThan(0.3);
    List<TrainingEvent.Progress> steps = runs.of(TrainingEvent.Progress.class);
    assertThat(steps.getLast().metrics())
        .containsOnlyKeys(
            "rewards/chosen",
            "rewards/rejected",
            "rewards/accuracies",
            "rewards/margins",
            "logps/chosen",
            "logps/rejected");
    // three steps are an epoch, and every step of it counts its completions once
    assertThat(steps.get(2).trainedTokens()).isEqualTo(started.trainedTokensPerEpoch());
    assertThat(runs.of(TrainingEvent.Completed.class).getFirst().trainLoss())
        .isCloseTo(meanOf(steps), within(0.05));
  }

  private static double meanOf(List<TrainingEvent.Progress> steps) {
    return steps.stream().mapToDouble(TrainingEvent.Progress::loss).average().orElseThrow();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'objective':'dpo','peft':{'r':4,'lora_dropout':0.1} | adapter_model.safetensors",
        "'objective':'dpo','method':{'type':'full'} | model.safetensors",
        "'objective':'orpo','peft':{'r':4} | adapter_model.safetensors"
      })
  void aResumedRunGivesTheSameBytes(String method, String result) throws IOException {
    String spec =
        ("{%s,'training':{'max_steps':8,'per_device_train_batch_size':2,"
                + "'gradient_accumulation_steps':2,'learning_rate':0.01}}")
            .formatted(method);
    assertThat(run(spec, "whole", null, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(run(spec, "cut", null, 3)).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    // on another machine: nothing but the checkpoint is there
    Path checkpoint = Checkpoints.newest(directory.resolve("cut/checkpoints")).orElseThrow();
    assertThat(run(spec, "moved", checkpoint, 0)).isEqualTo(TrainerExit.DONE);
    assertThat(directory.resolve("moved").resolve(result))
        .hasSameBinaryContentAs(directory.resolve("whole").resolve(result));
    assertThat(runs.of(TrainingEvent.Evaluated.class).getLast())
        .isEqualTo(evaluationOf(spec, "whole-again"));
  }

  private TrainingEvent.Evaluated evaluationOf(String spec, String name) {
    run(spec, name, null, 0);
    return runs.of(TrainingEvent.Evaluated.class).getLast();
  }

  @Test
  void whatAnEarlierRunLeftIsNotItsReference() throws IOException {
    run(LORA, "out", null, 0);
    byte[] first = result("out");
    Path other = TinyLlama.write(directory.resolve("other"), 2);
    Path same = base;
    base = other;
    run(LORA, "again", null, 0);
    base = same;
    Files.createDirectories(directory.resolve("mixed/checkpoints"));
    Files.copy(
        directory.resolve("again/checkpoints/reference.safetensors"),
        directory.resolve("mixed/checkpoints/reference.safetensors"));
    run(LORA, "mixed", null, 0);
    assertThat(result("mixed")).isEqualTo(first);
  }

  private byte[] result(String name) throws IOException {
    return Files.readAllBytes(directory.resolve(name).resolve("adapter_model.safetensors"));
  }

  @Test
  void pairsWithoutRoomForTheirCompletionsAreLeftOut() throws IOException {
    Files.writeString(
        rows,
        "{\"prompt\":\"abcdefgh\",\"chosen\":\"x\",\"rejected\":\"y\"}\n"
            + "{\"prompt\":\"a\",\"chosen\":\"x\",\"rejected\":\"yyyyyyyyyyyy\"}\n");
    run(LORA.replace("'beta'", "'max_length':8,'beta'"), "out", null, 0);
    var started = (TrainingEvent.Started) runs.events.getFirst();
    assertThat(started.rows()).isEqualTo(1);
    assertThat(started.droppedRows()).isEqualTo(1);
    assertThat(started.truncatedRows()).isEqualTo(2);
  }

  @Test
  void rowsThatAreNoPairsAreToldByLine() throws IOException {
    Files.writeString(rows, "{\"prompt\":\"a\",\"completion\":\"b\"}\n");
    assertThatExceptionOfType(BadRun.class)
        .isThrownBy(() -> run(LORA, "out", null, 0))
        .withMessageContaining("line 1 is a prompt/completion row")
        .withMessageContaining("needs preference rows");
  }

  private TrainerExit run(String spec, String name, @Nullable Path resumeFrom, int stopAfter) {
    return runs.run(
        RecordedRuns.of(spec, base, rows, held, directory.resolve(name), resumeFrom), stopAfter);
  }
}
