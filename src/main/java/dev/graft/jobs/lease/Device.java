package dev.graft.jobs.lease;

import org.jspecify.annotations.Nullable;

/**
 * What a worker would run a job on.
 *
 * @param name as the worker has it, such as {@code cpu} or {@code cuda:0}
 * @param memory bytes that a run may take; null = not known, then every job is taken to fit
 */
public record Device(String name, @Nullable Long memory) {
  /** Of a worker that does not say, as those of earlier releases. */
  public static final Device UNKNOWN = new Device("", null);

  private static final int LONGEST_NAME = 100;

  public Device {
    if (name.length() > LONGEST_NAME) throw new IllegalArgumentException("the name is too long");
    if (memory != null && memory < 1) throw new IllegalArgumentException("memory must be positive");
  }

  /** Jobs that need more than this do not fit. */
  public long holds() {
    return memory == null ? Long.MAX_VALUE : memory;
  }
}
