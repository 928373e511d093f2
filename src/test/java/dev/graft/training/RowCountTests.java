package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.Concurrent;
import dev.graft.spec.TrainingSpec;
import dev.graft.tiny.TinyLlama;
import dev.graft.training.TrainCommand.RowCount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

@Concurrent
class RowCountTests {
  private static final String CHAT =
      "{'messages':[{'role':'user','content':'%1$s'},{'role':'assistant','content':'b%1$s'}]}";
  private static final String PAIR = "{'prompt':'a%s','chosen':'b','rejected':'cd'}";
  private static final String TEXT = "{'text':'abc%s'}";
  private static final String LABEL = "{'text':'abc%s','label':'x%1$s'}";

  @TempDir private Path directory;

  /** Ends a run when it has said what it begins with. */
  private static final class Begun extends RuntimeException {
    Begun() {
      super(null, null, false, false);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "CHAT  | {}",
        "CHAT  | {'training':{'max_length':20,'num_train_epochs':2.5}}",
        "CHAT  | {'training':{'max_length':9}}",
        "CHAT  | {'training':{'held_out':0.3}}",
        "CHAT  | {'training':{'packing':true,'max_length':64,'gradient_accumulation_steps':2}}",
        "CHAT  | {'training':{'max_steps':7,'per_device_train_batch_size':3}}",
        "TEXT  | {'objective':'pretraining','training':{'max_length':16}}",
        "PAIR  | {'objective':'dpo'}",
        "LABEL | {'objective':'classification'}",
      })
  void isWhatARunBeginsWith(String kind, String adapter) throws IOException {
    String row =
        switch (kind) {
          case "CHAT" -> CHAT;
          case "TEXT" -> TEXT;
          case "PAIR" -> PAIR;
          default -> LABEL;
        };
    SpecFile file = file(row, adapter);
    RowCount count = RowCount.of(file);
    TrainingEvent.Started begun = begun(file);
    assertThat(count.rows()).isEqualTo(begun.rows());
    assertThat(count.truncatedRows()).isEqualTo(begun.truncatedRows());
    assertThat(count.droppedRows()).isEqualTo(begun.droppedRows());
    assertThat(count.tokensPerEpoch()).isEqualTo(begun.tokensPerEpoch()).isPositive();
    assertThat(count.trainedTokensPerEpoch()).isEqualTo(begun.trainedTokensPerEpoch()).isPositive();
    assertThat(count.totalSteps()).isEqualTo(begun.totalSteps()).isPositive();
    assertThat(count.epochs()).isPositive();
  }

  @Test
  void theWeightsNeedNotBeThere() throws IOException {
    SpecFile file = file(CHAT, "{}");
    long steps = RowCount.of(file).totalSteps();
    Files.delete(file.baseModel().resolve("model.safetensors"));
    assertThat(RowCount.of(file).totalSteps()).isEqualTo(steps);
  }

  @Test
  void whatARunRefusesIsRefused() throws IOException {
    SpecFile file = file("{'text':%s}", "{}");
    assertThatThrownBy(() -> RowCount.of(file))
        .isInstanceOf(BadRun.class)
        .hasMessageContaining("training_file, line 1");
  }

  private static TrainingEvent.Started begun(SpecFile file) throws IOException {
    List<TrainingEvent.Started> events = new ArrayList<>();
    Path out = Files.createDirectories(file.trainingFile().resolveSibling("out"));
    assertThatThrownBy(
            () ->
                FineTune.run(
                    file.run(out, new RunRequest.Machine("cpu", 0, 1L << 40, false)),
                    event -> {
                      if (!(event instanceof TrainingEvent.Started started)) return;
                      events.add(started);
                      throw new Begun();
                    },
                    () -> null))
        .isInstanceOf(Begun.class);
    return events.getFirst();
  }

  private SpecFile file(String row, String adapter) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 1; i <= 11; i++) {
      rows.append(row.formatted("9".repeat(i)).replace('\'', '"')).append('\n');
    }
    return new SpecFile(
        TinyLlama.write(directory.resolve("base"), 1),
        Files.writeString(directory.resolve("rows.jsonl"), rows),
        null,
        TrainingSpec.resolve(
            new JsonMapper().readTree(adapter.replace('\'', '"')), null, null, null),
        null);
  }
}
