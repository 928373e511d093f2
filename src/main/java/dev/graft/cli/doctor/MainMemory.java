package dev.graft.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import dev.graft.platform.Bytes;
import dev.graft.worker.TrainerDevices.MachineMemory;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * What a training can have.
 *
 * @param total of the machine or its container, in bytes
 * @param needed by the smallest training beside a server, in bytes
 */
record MainMemory(long total, long needed) implements Check {
  public static MainMemory here(long needed) {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new MainMemory(system.getTotalMemorySize(), needed);
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public List<CheckResult> findings() {
    if (total < needed) {
      return List.of(
          CheckResult.missing(
              name(),
              Bytes.gigabytes(total),
              "give the machine or the container " + Bytes.gigabytes(needed) + " or more"));
    }
    String jobs = Bytes.gigabytes(MachineMemory.forJobs(total));
    return List.of(
        CheckResult.ok(
            name(), "%s, of which jobs may take %s".formatted(Bytes.gigabytes(total), jobs)));
  }
}
