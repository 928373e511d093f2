package dev.graft.jobs;

import java.util.List;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.stereotype.Component;

/**
 * Down while an invariant of the queue is broken. For people: no probe asks it, since a server that
 * is taken out for that mends nothing.
 */
@Component
class QueueHealth extends AbstractHealthIndicator {
  private final QueueInvariants invariants;

  QueueHealth(QueueInvariants invariants) {
    this.invariants = invariants;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    List<String> violations = invariants.violations();
    if (violations.isEmpty()) builder.up();
    else builder.down().withDetail("violations", violations.size());
  }
}
