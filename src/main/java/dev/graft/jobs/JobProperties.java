package dev.graft.jobs;

import java.time.Duration;
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
 * @param poisonAfter lost workers in a row, without a new checkpoint, that end a job
 * @param claimPoll how often a waiting claim looks again
 * @param fairShare how departments take turns
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
    @DefaultValue FairShare fairShare) {
  JobProperties {
    if (heartbeat.multipliedBy(3).compareTo(leaseTtl) > 0) {
      throw new IllegalArgumentException(
          "graft.jobs.heartbeat must be at most a third of graft.jobs.lease-ttl");
    }
  }
}
