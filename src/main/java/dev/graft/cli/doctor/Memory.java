package dev.graft.cli.doctor;

import com.sun.management.OperatingSystemMXBean;
import dev.graft.worker.MachineMemory;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * What a training can have.
 *
 * @param total of the machine or its container, in bytes
 * @param needed by the smallest training beside a server, in bytes
 */
record Memory(long total, long needed) implements Check {
  static Memory here(long needed) {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new Memory(system.getTotalMemorySize(), needed);
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public List<Finding> findings() {
    if (total < needed) {
      return List.of(
          Finding.missing(
              name(),
              Bytes.gigabytes(total),
              "give the machine or the container " + Bytes.gigabytes(needed) + " or more"));
    }
    String jobs = Bytes.gigabytes(MachineMemory.forJobs(total));
    return List.of(
        Finding.ok(
            name(), "%s, of which jobs may take %s".formatted(Bytes.gigabytes(total), jobs)));
  }
}
