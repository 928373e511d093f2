package dev.graft.training;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/**
 * The main memory that runs may take: that of the machine or its container, less an eighth, at
 * least 512 MB, for other programs and the system.
 */
public final class ProcessorMemory {
  private static final long LEAST_KEPT = 512L << 20;
  private static final int SHARE_KEPT = 8;

  private ProcessorMemory() {}

  /**
   * @param total of the machine, or of the container where that is less
   * @return bytes that the runs on its processors may take together
   */
  public static long forRuns(long total) {
    return Math.max(1, total - Math.max(LEAST_KEPT, total / SHARE_KEPT));
  }

  /** Returns the bytes of this machine, or of its container if that has less. */
  public static long total() {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize();
  }
}
