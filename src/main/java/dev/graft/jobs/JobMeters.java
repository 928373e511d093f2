package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.stereotype.Component;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** Metrics of jobs; each server counts what it does itself. */
@Component
final class JobMeters {
  private static final Duration[] CLAIMS = millis(1, 5, 10, 50, 100, 500, 1000, 5000);

  /** From seconds to days. */
  private static final Duration[] LONG =
      millis(
          5_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 14_400_000, 43_200_000, 86_400_000);

  private final MeterRegistry registry;
  private final Timer claims;
  private final Timer waits;
  private final Counter lost;
  private final Counter steps;
  private final Counter tokens;

  /** How a lease ended. */
  enum Ending {
    COMPLETED,
    FAILED,
    RELEASED,
    DECLINED,
    LOST;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  @Autowired
  JobMeters(MeterRegistry registry) {
    this.registry = registry;
    claims = timer("graft.claim", "Time that the database took to answer a claim", CLAIMS);
    waits =
        timer(
            "graft.job.wait",
            "Time that jobs waited in the queue until a worker claimed them",
            LONG);
    lost = counter("graft.leases.lost", "Leases taken from workers that stopped renewing");
    steps = counter("graft.training.steps", "Trained steps, including repeated ones");
    tokens = counter("graft.training.tokens", "Trained tokens, including repeated ones");
    startAtZero();
  }

  /** Registers all series: Prometheus sees no increase of a series that it has not seen before. */
  private void startAtZero() {
    finished(JobState.SUCCEEDED, null);
    finished(JobState.CANCELLED, null);
    for (TrainingFailure.Kind kind : TrainingFailure.Kind.values()) {
      finished(JobState.FAILED, kind.wireName());
      requeued(kind.wireName());
    }
    requeued(Ending.RELEASED.label);
    requeued(Ending.DECLINED.label);
    for (Ending each : Ending.values()) runs(each);
  }

  /** Returns meters of a registry of their own, for tests. */
  static JobMeters unread() {
    return new JobMeters(new SimpleMeterRegistry());
  }

  <T> T claim(Supplier<T> claim) {
    return claims.record(claim);
  }

  void claimed(Duration waited) {
    waits.record(waited);
  }

  void trained(long steps, long tokens) {
    this.steps.increment(steps);
    this.tokens.increment(tokens);
  }

  /**
   * @param failureClass of a job that failed, or that goes back to the queue after a failure; else
   *     null
   */
  void ended(LeaseLedger.Ended run, Ending ending, @Nullable String failureClass) {
    committed(() -> count(run, ending, failureClass));
  }

  private void count(LeaseLedger.Ended run, Ending ending, @Nullable String failureClass) {
    if (ending == Ending.LOST) lost.increment();
    runs(ending).record(run.ran());
    switch (run.state()) {
      case SUCCEEDED, CANCELLED -> finished(run.state(), null).increment();
      case FAILED -> finished(run.state(), failureClass).increment();
      case QUEUED -> requeued(failureClass == null ? ending.label : failureClass).increment();
      case WAITING, RUNNING, PAUSED -> {}
    }
  }

  /** Counts the cancellation of a job that no worker had. */
  void cancelled() {
    committed(() -> finished(JobState.CANCELLED, null).increment());
  }

  /** Counts after the commit: a rolled back change has not happened. */
  private static void committed(Runnable count) {
    if (!TransactionSynchronizationManager.isSynchronizationActive()) {
      count.run();
      return;
    }
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            count.run();
          }
        });
  }

  private Timer runs(Ending ending) {
    return Timer.builder("graft.job.run")
        .description("Time that workers held jobs, by how the lease ended")
        .serviceLevelObjectives(LONG)
        .tag("outcome", ending.label)
        .register(registry);
  }

  private Counter finished(JobState state, @Nullable String failureClass) {
    return Counter.builder("graft.jobs.finished")
        .description("Ended jobs, by outcome; failure_class is empty unless they failed")
        .tag("outcome", state.wire())
        .tag("failure_class", failureClass == null ? "" : failureClass)
        .register(registry);
  }

  private Counter requeued(String reason) {
    return Counter.builder("graft.jobs.requeued")
        .description("Runs after which the job went back to the queue, by reason")
        .tag("reason", reason)
        .register(registry);
  }

  private Timer timer(String name, String what, Duration[] buckets) {
    return Timer.builder(name).description(what).serviceLevelObjectives(buckets).register(registry);
  }

  private Counter counter(String name, String what) {
    return Counter.builder(name).description(what).register(registry);
  }

  private static Duration[] millis(long... each) {
    return Arrays.stream(each).mapToObj(Duration::ofMillis).toArray(Duration[]::new);
  }
}
