package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.TrainingEvent.StepTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Concurrent
class StepTokensTests {
  private static final String BEGINNING = "abcdefghijklmnopqrstuvwxyz";

  @TempDir private Path directory;
  private final RecordedRuns runs = new RecordedRuns();

  @Test
  void whatRowsBeginWithIsReadInEachAndComputedOnce() throws IOException {
    List<TrainingEvent.Progress> steps = train("{'r':2}");
    var started = runs.of(TrainingEvent.Started.class).getFirst();
    for (TrainingEvent.Progress step : steps) {
      StepTokens tokens = step.tokens();
      assertThat(tokens.logical()).isEqualTo(started.tokensPerEpoch());
      assertThat(tokens.computed()).isEqualTo(tokens.logical() - 2L * common());
      assertThat(tokens.trained()).isEqualTo(started.trainedTokensPerEpoch());
      assertThat(step.trainedTokens()).isEqualTo(step.step() * tokens.trained());
    }
    assertThat(steps).hasSize(2);
  }

  @Test
  void whereThereIsDropoutAllAreComputed() throws IOException {
    for (TrainingEvent.Progress step : train("{'r':2,'lora_dropout':0.1}")) {
      assertThat(step.tokens().computed()).isEqualTo(step.tokens().logical());
    }
  }

  /** Of the three rows: the tokenizer of the tiny model has one for each letter. */
  private static int common() {
    return BEGINNING.length();
  }

  private List<TrainingEvent.Progress> train(String peft) throws IOException {
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    StringBuilder lines = new StringBuilder();
    for (String end : List.of("a", "bb", "ccc")) {
      lines.append(
          "{\"prompt\":\"%s\",\"completion\":\"%s\"}\n".formatted(BEGINNING, end + BEGINNING));
    }
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), lines);
    String spec =
        "{'peft':%s,'training':{'num_train_epochs':2,'per_device_train_batch_size':4}}"
            .formatted(peft);
    runs.run(RecordedRuns.of(spec, base, rows, null, directory.resolve("out"), null), 0);
    return runs.of(TrainingEvent.Progress.class);
  }
}
