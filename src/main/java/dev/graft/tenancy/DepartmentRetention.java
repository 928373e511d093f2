package dev.graft.tenancy;

import dev.graft.platform.TransactionLocks;
import java.util.List;
import org.springframework.stereotype.Component;

/** Reads and changes how long departments keep things. */
@Component
class DepartmentRetention {
  private final RetentionPolicies policies;
  private final TransactionLocks locks;
  private final RetentionDays defaults;

  DepartmentRetention(
      RetentionPolicies policies,
      TransactionLocks locks,
      RetentionDays.RetentionProperties settings) {
    this.policies = policies;
    this.locks = locks;
    this.defaults = settings.days();
  }

  /** Locks a department's policy and notices until the transaction ends. */
  void lock(String departmentId) {
    locks.take("retention of " + departmentId);
  }

  /** Returns what the department sets; null = the operator's default. */
  RetentionDays settings(String departmentId) {
    return policies.findById(departmentId).map(RetentionPolicy::days).orElse(RetentionDays.UNSET);
  }

  /** Returns what holds for the department; null = for ever. */
  RetentionDays inForce(String departmentId) {
    return settings(departmentId).over(defaults);
  }

  /** Replaces what the department sets; the caller holds the {@link #lock}. */
  void change(String departmentId, RetentionDays days) {
    policies
        .findById(departmentId)
        .orElseGet(() -> policies.save(new RetentionPolicy(departmentId)))
        .set(days);
  }

  /** Lists the departments that may have notices to write or to withdraw, or things to remove. */
  List<String> toSweep() {
    return policies.toSweep(!defaults.keepsAll());
  }
}
