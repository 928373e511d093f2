package dev.graft.training;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * What of a machine's main memory runs may take: what the machine or its container has, less an
 * eighth, at least 512 MB, for other programs and the system.
 */
public final class ProcessorMemory {
  private static final long LEAST_KEPT = 512L << 20;
  private static final int SHARE_KEPT = 8;

  private ProcessorMemory() {}

  /**
   * @param total of the machine, or of the container where that is less
   * @return what the runs on its processors may take together, in bytes like the total
   */
  public static long forRuns(long total) {
    return Math.max(1, total - Math.max(LEAST_KEPT, total / SHARE_KEPT));
  }

  /** Bytes of this machine, or of its container where that is less. */
  public static long total() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize();
  }
}
