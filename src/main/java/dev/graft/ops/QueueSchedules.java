package dev.graft.ops;

import dev.graft.jobs.QueueInvariants;
import dev.graft.jobs.desk.CounterRepair;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.annotation.EnableScheduling;
import org.springframework.scheduling.annotation.Scheduled;

/** What every server does by the clock to the queue. Several servers may do it at once. */
@Configuration(proxyBeanMethods = false)
@EnableScheduling
class QueueSchedules {
  private static final Logger log = LoggerFactory.getLogger(QueueSchedules.class);

  private final QueueInvariants invariants;
  private final CounterRepair counters;

  QueueSchedules(QueueInvariants invariants, CounterRepair counters) {
    this.invariants = invariants;
    this.counters = counters;
  }

  @Scheduled(fixedDelayString = "${graft.ops.invariants-every:1m}")
  void check() {
    invariants
        .violations()
        .forEach(told -> log.atError().addKeyValue("violation", told).log("invariant_broken"));
    counters.repair();
  }
}
