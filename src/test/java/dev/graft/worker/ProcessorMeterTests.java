package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device.DeviceUse;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ProcessorMeterTests {
  private static final long TOTAL = 16L << 30;

  private final AtomicLong clock = new AtomicLong();
  private final TrainerDevices.ProcessorMeter meter =
      new TrainerDevices.ProcessorMeter(TOTAL, 2, clock::get);

  @Test
  void withoutATrainerNothingIsUsed() {
    assertThat(meter.now(null)).isEqualTo(new DeviceUse(0L, TOTAL, 0.0));
  }

  /** This very process is the trainer: it has pages, and has computed since it was asked before. */
  @Test
  void theTrainersPagesAndItsShareOfTheProcessorsAreTold() {
    DeviceUse first = meter.now(ProcessHandle.current());
    assertThat(first.memoryUsed()).isBetween(10L << 20, TOTAL);
    assertThat(first.memoryTotal()).isEqualTo(TOTAL);
    assertThat(first.utilization()).as("since when is not known").isNull();
    computes(100_000_000);
    clock.addAndGet(1_000_000_000);
    // A twentieth of two processors, or more: other threads of this process compute too.
    assertThat(meter.now(ProcessHandle.current()).utilization()).isBetween(5.0, 100.0);
  }

  @Test
  void aTrainerThatIsGoneUsesNothing() throws IOException, InterruptedException {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    assertThat(meter.now(process.toHandle())).isEqualTo(new DeviceUse(0L, TOTAL, 0.0));
  }

  private static void computes(long nanos) {
    var process = ProcessHandle.current().info();
    long until = process.totalCpuDuration().orElseThrow().toNanos() + nanos;
    while (ProcessHandle.current().info().totalCpuDuration().orElseThrow().toNanos() < until) {
      Thread.onSpinWait();
    }
  }
}
