package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.model.StepObserver.MicroBatchCost;
import dev.graft.training.StepReport.StepRecorder;
import dev.graft.training.StepReport.StepRecorder.RecordedStep;
import dev.graft.training.StepReport.StepWork.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StepRecorderTests {
  private final List<List<MicroBatchCost>> asked = new ArrayList<>();
  private final StepRecorder recorder = new StepRecorder(1, 2, this::work);

  private Work work(List<MicroBatchCost> step) {
    asked.add(step);
    return new Work(asked.size(), 10 * asked.size());
  }

  private static MicroBatchCost batch(int tokens) {
    return new MicroBatchCost(tokens, tokens, tokens, tokens, tokens, 0, 0, 0);
  }

  private void step(int step, MicroBatchCost... batches) {
    for (MicroBatchCost each : batches) recorder.accumulated(each);
    recorder.updated(step);
    recorder.hear(
        new TrainingEvent.Progress(
            step,
            9,
            0,
            1.0 / step,
            0,
            0,
            new TrainingEvent.StepTokens(1, 1, 1),
            0,
            1,
            0,
            Map.of()));
  }

  @Test
  void theWorkOfAStepThatCountsIsAskedForBehindItIfTheStepBeforeHadTheSame() {
    step(1, batch(10));
    assertThat(asked).isEmpty();
    step(2, batch(20), batch(21));
    assertThat(asked).isEmpty();
    assertThat(recorder.next()).isNull();
    step(3, batch(20), batch(21));
    assertThat(asked).containsExactly(List.of(batch(20), batch(21)));
    assertThat(recorder.next()).isEqualTo(TrainerDirective.CANCEL);
    step(4, batch(20), batch(21));
    assertThat(asked).hasSize(1);
    assertThat(recorder.losses()).containsExactly(1.0, 1 / 2.0, 1 / 3.0, 1 / 4.0);
    assertThat(recorder.measured())
        .extracting(RecordedStep::work)
        .containsExactly(null, new Work(1, 10));
    assertThat(recorder.measured()).extracting(RecordedStep::update).containsExactly(2L, 3L);
  }

  @Test
  void timesMakeNoDifference() {
    step(1, batch(10));
    step(2, new MicroBatchCost(10, 10, 10, 10, 10, 5, 6, 7));
    assertThat(asked).hasSize(1);
  }
}
