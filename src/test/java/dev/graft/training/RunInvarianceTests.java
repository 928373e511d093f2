package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.tiny.TinyLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How rows are laid out in batches changes no loss; real kernels. */
@Concurrent
class RunInvarianceTests {
  private static final int ROWS = 8;

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
              .formatted("ab".repeat(i), "xyz".repeat(ROWS - i)));
    }
    rows = Files.writeString(directory.resolve("rows.jsonl"), lines);
  }

  @Test
  void packingChangesNoLoss() {
    assertThat(losses(ROWS, 1, "'packing':true,'max_length':40"))
        .usingElementComparator(RunInvarianceTests::roughly)
        .isEqualTo(losses(ROWS, 1, "'max_length':40"));
  }

  @Test
  void packingSplitsWhatIsTooLong() {
    var split = started(ROWS, "'packing':true,'packing_strategy':'bfd_split','max_length':16");
    var cut = started(ROWS, "'packing':true,'max_length':16");
    assertThat(split.tokensPerEpoch()).isEqualTo(started(ROWS, "'max_length':64").tokensPerEpoch());
    assertThat(cut.tokensPerEpoch()).isLessThan(split.tokensPerEpoch());
    assertThat(cut.truncatedRows()).isEqualTo(ROWS);
    assertThat(split.truncatedRows()).isZero();
  }

  @Test
  void theSplitIntoMicroBatchesChangesNoLoss() {
    assertThat(losses(2, 4, "'max_length':40"))
        .usingElementComparator(RunInvarianceTests::roughly)
        .isEqualTo(losses(ROWS, 1, "'max_length':40"));
  }

  @Test
  void theWidthOfTheBatchChangesNoLoss() {
    assertThat(losses(ROWS, 1, "'pad_to_multiple_of':64,'max_length':40"))
        .usingElementComparator(RunInvarianceTests::roughly)
        .isEqualTo(losses(ROWS, 1, "'max_length':40"));
  }

  private static int roughly(double one, double other) {
    assertThat(one).isCloseTo(other, within(1e-5));
    return 0;
  }

  private List<Double> losses(int batch, int accumulation, String more) {
    return run(batch, accumulation, more).stream()
        .filter(TrainingEvent.Progress.class::isInstance)
        .map(event -> ((TrainingEvent.Progress) event).loss())
        .toList();
  }

  private TrainingEvent.Started started(int batch, String more) {
    return (TrainingEvent.Started) run(batch, 1, more).getFirst();
  }

  private List<TrainingEvent> run(int batch, int accumulation, String more) {
    String spec =
        ("{'peft':{'r':4},'training':{'max_steps':5,'learning_rate':0.01,"
                + "'per_device_train_batch_size':%d,'gradient_accumulation_steps':%d,%s}}")
            .formatted(batch, accumulation, more);
    RecordedRuns runs = new RecordedRuns();
    runs.run(RecordedRuns.of(spec, base, rows, null, directory.resolve("out"), null), 0);
    return runs.events;
  }
}
