package dev.graft.jobs;

import dev.graft.spec.Resources;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the queue.
 *
 * @param leaseTtl how long after its last renewal a lease ends
 * @param heartbeat how often workers renew; at most a third of the TTL
 * @param reapEvery how often each server looks for expired leases
 * @param maxFailures number of failed attempts after which a transient failure is final
 * @param retryAfter delay before the second attempt; it doubles with each further attempt
 * @param retryAtMost longest delay between attempts
 * @param poisonAfter number of workers lost in a row, without a new checkpoint, that ends a job. A
 *     loss counts if only this job can have caused it: its worker lost no other job at the time or
 *     before, and a server was available. Three times as many losses of any cause end a job too
 * @param claimPoll how often a waiting claim looks for a job
 * @param cpuMaxParameters parameters of the largest base model whose jobs may run on a CPU; jobs on
 *     a larger one need {@code cuda}, unless they ask for a device themselves
 * @param maxDevices maximum number of devices that one job may ask for
 * @param maxRun how long all runs of a job may take together; a job may ask for less ({@code
 *     resources.max_run_seconds}). By default there is no limit
 * @param noProgress how long a trainer may make no step and send no other event before its run is
 *     ended; a job may ask for another time ({@code resources.no_progress_seconds})
 * @param workerConnections database connections of each server that are reserved for calls of
 *     workers, in addition to {@code spring.datasource.hikari.maximum-pool-size}
 * @param fairShare how departments share the workers
 * @param eventStreams limits and intervals of event streams
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
    @DefaultValue Claims.FairShare fairShare,
    @DefaultValue EventStreams eventStreams) {
  /**
   * @param poll how often a server looks for new events of all followed jobs
   * @param heartbeat how often a stream sends a comment and checks whether its key is still valid;
   *     should be shorter than the time after which proxies close a connection
   * @param max maximum number of open streams of a server
   * @param maxPerDepartment maximum number of open streams of one department on a server
   */
  record EventStreams(
      @DefaultValue("1s") Duration poll,
      @DefaultValue("15s") Duration heartbeat,
      @DefaultValue("1000") int max,
      @DefaultValue("100") int maxPerDepartment) {
    EventStreams {
      if (!poll.isPositive() || !heartbeat.isPositive()) {
        throw new IllegalArgumentException(
            "graft.jobs.event-streams.poll and heartbeat must be positive");
      }
    }
  }

  JobProperties {
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
