package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.training.TrainingEvent;
import dev.graft.worker.RunReporter.RunUse;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RunReporterTests {
  private static final long SECOND = 1_000_000_000;

  private final AtomicLong used = new AtomicLong(4_000_000);
  private final AtomicLong clock = new AtomicLong();
  private final RunUse use =
      new RunUse(
          new Device("cuda:1", 9_000_000L),
          trainer -> new DeviceUse(used.get(), 80_000_000L, 50.0),
          clock::get);
  private final RunReporter.PendingReports reports = new RunReporter.PendingReports(use::news);
  private final RunReporter reporter = new RunReporter(reports, use);

  @Test
  void aStepSaysHowManyTokensItsRowsHaveAndHowManyWereComputedAndTrained() {
    step(2);
    LeaseReport report = reports.next();
    assertThat(report.metrics().getFirst().values())
        .containsEntry("step_tokens", 80.0)
        .containsEntry("step_computed_tokens", 60.0)
        .containsEntry("step_trained_tokens", 40.0);
    assertThat(report.trainedTokens()).as("since the first step").isEqualTo(90);
  }

  @Test
  void aStepSaysItsSpeedAndTheMostMemorySoFar() {
    step(1);
    assertThat(reports.next().metrics().getFirst().values())
        .containsEntry("tokens_per_second", 100.0)
        .as("what others had before the trainer began is not the run's")
        .doesNotContainKey("peak_memory_bytes");
    reports.confirmed();
    use.started(ProcessHandle.current());
    for (long now : new long[] {7_000_000, 5_000_000}) {
      used.set(now);
      clock.addAndGet(SECOND);
      step(2);
    }
    assertThat(reports.next().metrics())
        .extracting(each -> each.values().get("peak_memory_bytes"))
        .containsExactly(7_000_000.0, 7_000_000.0);
    reports.confirmed();
    reporter.peak();
    assertThat(reports.next().notes())
        .extracting(LeaseReport.Note::message)
        .containsExactly("Peak memory on cuda:1: 7 MB");
  }

  @Test
  void aRunOnAnotherMachineSaysNothingOfMemory() {
    RunUse unknown =
        new RunUse(new Device("ray", null), TrainerDevices.DeviceMeter.NONE, clock::get);
    RunReporter remote = new RunReporter(reports, unknown);
    unknown.started(null);
    remote.progress(progress(1));
    remote.peak();
    LeaseReport report = reports.next();
    assertThat(report.metrics().getFirst().values())
        .containsKey("tokens_per_second")
        .doesNotContainKey("peak_memory_bytes");
    assertThat(report.notes()).isEmpty();
    assertThat(unknown.news()).isNull();
  }

  @Test
  void theDeviceIsToldWithEachHeartbeatButNotWithEachReportBetweenThem() {
    assertThat(told()).isEqualTo(new DeviceUse(4_000_000L, 80_000_000L, 50.0));
    clock.addAndGet(2 * SECOND);
    used.set(6_000_000);
    assertThat(told()).isNull();
    clock.addAndGet(8 * SECOND);
    assertThat(told()).isEqualTo(new DeviceUse(6_000_000L, 80_000_000L, 50.0));
  }

  private @Nullable DeviceUse told() {
    Device device = reports.next().device();
    reports.confirmed();
    return device == null ? null : device.use();
  }

  private void step(long number) {
    reporter.progress(progress(number));
  }

  private static TrainingEvent.Progress progress(long step) {
    var tokens = new TrainingEvent.StepTokens(80, 60, 40);
    return new TrainingEvent.Progress(step, 3, 1, 1, 1, 0.1, tokens, 100, 90, 0.5, Map.of());
  }
}
