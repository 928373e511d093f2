package dev.graft.jobs;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** Scheduled tasks of the queue on every server. Several servers may run them at once. */
@Configuration(proxyBeanMethods = false)
@EnableScheduling
class QueueSchedules {
  private static final Logger log = LoggerFactory.getLogger(QueueSchedules.class);

  private final QueueInvariants invariants;
  private final QueueInvariants.CounterRepair counters;
  private final EndedJobs.JobHistory history;
  private final AtomicInteger broken = new AtomicInteger();

  QueueSchedules(
      QueueInvariants invariants,
      QueueInvariants.CounterRepair counters,
      EndedJobs.JobHistory history,
      MeterRegistry registry) {
    this.invariants = invariants;
    this.counters = counters;
    this.history = history;
    Gauge.builder("graft.queue.invariants.broken", broken, AtomicInteger::get)
        .description(
            "Broken invariants in the tables of the queue, at the last check of this server")
        .register(registry);
  }

  @Scheduled(fixedDelayString = "${graft.ops.invariants-every:1m}")
  void check() {
    List<String> violations = invariants.violations();
    broken.set(violations.size());
    violations.forEach(
        each -> log.atError().addKeyValue("violation", each).log("invariant_broken"));
    counters.repair();
  }

  /** Takes little time, because few jobs reach the age in an hour. */
  @Scheduled(initialDelay = 5, fixedDelay = 60, timeUnit = TimeUnit.MINUTES)
  void moveEvents() {
    history.moveEvents();
  }
}
