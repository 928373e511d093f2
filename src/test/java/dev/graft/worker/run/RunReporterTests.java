package dev.graft.worker.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.LeaseReport;
import dev.graft.training.protocol.TrainingEvent;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RunReporterTests {
  @Test
  void aStepSaysHowManyTokensItsRowsHaveAndHowManyWereComputedAndTrained() {
    PendingReports reports = new PendingReports();
    var tokens = new TrainingEvent.StepTokens(80, 60, 40);
    new RunReporter(reports)
        .progress(new TrainingEvent.Progress(2, 3, 1, 1, 1, 0.1, tokens, 100, 90, 0.5, Map.of()));
    LeaseReport report = reports.next();
    assertThat(report.metrics().getFirst().values())
        .containsEntry("step_tokens", 80.0)
        .containsEntry("step_computed_tokens", 60.0)
        .containsEntry("step_trained_tokens", 40.0);
    assertThat(report.trainedTokens()).as("since the first step").isEqualTo(90);
  }
}
