package dev.graft.tenancy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells how much of its quotas a department uses. Each module with quotas supplies a bean. */
@FunctionalInterface
public interface QuotaUsage {
  List<Measure> of(String departmentId);

  /**
   * @param name such as {@code queued_jobs}
   * @param limit null = none
   */
  record Measure(String name, double used, @Nullable Long limit) {}
}
