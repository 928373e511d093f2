package dev.graft.jobs;

import dev.graft.spec.Resources;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the queue.
 *
 * @param leaseTtl a lease ends this long after its last renewal
 * @param heartbeat how often workers renew; at most a third of the TTL
 * @param reapEvery how often each server looks for expired leases
 * @param maxFailures attempts that may fail before a transient failure is final
 * @param retryAfter delay before the second attempt; doubles with each
 * @param retryAtMost longest delay between attempts
 * @param poisonAfter lost workers in a row, without a new checkpoint, that end a job. A loss counts
 *     where only this job can have caused it: its worker lost no other job at the time, nor before
 *     it, and a server was there. Three times as many losses end a job without that
 * @param claimPoll how often a waiting claim looks again
 * @param cpuMaxParameters parameters of the largest base model whose jobs a CPU may run; those of a
 *     larger one ask for {@code cuda}, unless they ask for a device themselves
 * @param maxDevices devices that one job may ask for
 * @param maxRun how long all runs of a job may take together; a job may ask for less ({@code
 *     resources.max_run_seconds}). By default any time
 * @param noProgress a run is ended whose trainer makes no step, and says nothing else, for so long;
 *     a job may ask for another time ({@code resources.no_progress_seconds})
 * @param workerConnections to the database of each server that only calls of workers get, beside
 *     {@code spring.datasource.hikari.maximum-pool-size}
 * @param fairShare how departments take turns
 * @param eventStreams how clients follow jobs
 */
@ConfigurationProperties("graft.jobs")
record JobProperties(
    @DefaultValue("60s") Duration leaseTtl,
    @DefaultValue("10s") Duration heartbeat,
    @DefaultValue("5s") Duration reapEvery,
    @DefaultValue("3") int maxFailures,
    @DefaultValue("30s") Duration retryAfter,
    @DefaultValue("30m") Duration retryAtMost,
    @DefaultValue("3") int poisonAfter,
    @DefaultValue("1s") Duration claimPoll,
    @DefaultValue("5000000000") long cpuMaxParameters,
    @DefaultValue("64") int maxDevices,
    @Nullable Duration maxRun,
    @DefaultValue("2h") Duration noProgress,
    @DefaultValue("8") int workerConnections,
    @DefaultValue ClaimStatement.FairShare fairShare,
    @DefaultValue EventStreams eventStreams) {
  /**
   * @param poll how often a server looks for new events of all jobs that are followed
   * @param heartbeat how often a stream says that it is there, and asks whether its key still opens
   *     it; shorter than the time after which proxies close a connection
   * @param max streams that a server has open at once
   * @param maxPerDepartment streams of one department that a server has open at once
   */
  public record EventStreams(
      @DefaultValue("1s") Duration poll,
      @DefaultValue("15s") Duration heartbeat,
      @DefaultValue("1000") int max,
      @DefaultValue("100") int maxPerDepartment) {
    public EventStreams {
      if (!poll.isPositive() || !heartbeat.isPositive()) {
        throw new IllegalArgumentException(
            "graft.jobs.event-streams.poll and heartbeat must be positive");
      }
    }
  }

  public JobProperties {
    if (heartbeat.multipliedBy(3).compareTo(leaseTtl) > 0) {
      throw new IllegalArgumentException(
          "graft.jobs.heartbeat must be at most a third of graft.jobs.lease-ttl");
    }
    if (maxRun != null && !maxRun.isPositive() || !noProgress.isPositive()) {
      throw new IllegalArgumentException("graft.jobs.max-run and no-progress must be positive");
    }
    if (workerConnections < 2) {
      throw new IllegalArgumentException("graft.jobs.worker-connections must be at least 2");
    }
    if (cpuMaxParameters < 0) {
      throw new IllegalArgumentException("graft.jobs.cpu-max-parameters must not be negative");
    }
    if (maxDevices < 1 || maxDevices > Resources.MOST_DEVICES) {
      throw new IllegalArgumentException(
          "graft.jobs.max-devices must be from 1 to " + Resources.MOST_DEVICES);
    }
  }
}
