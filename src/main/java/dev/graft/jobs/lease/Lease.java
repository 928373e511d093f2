package dev.graft.jobs.lease;

import dev.graft.artifacts.Digest;
import dev.graft.spec.Resources;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A claimed job: what to train, and how long the claim holds.
 *
 * @param ttlMs the lease ends this long after its last renewal
 * @param heartbeatMs how often to renew
 * @param baseManifest manifest blob of the base model's directory
 * @param adapterJson the resolved {@code adapter} object
 * @param checkpoints committed checkpoints, newest first: resume from the first one that verifies
 * @param parentModel name of the model that the job continues from; null = none
 * @param start manifest of the result or checkpoint of an earlier job that training begins with;
 *     null = none
 * @param leastMemory whether an earlier run ran out of memory, so that this one should take as
 *     little as it can; null = no
 * @param resources what the job asks for; null from a server of an earlier release
 * @param within how long the run may take; null from a server of an earlier release
 * @param traceparent trace context of the span that the run follows; null = there is no trace
 */
public record Lease(
    LeaseKey key,
    long ttlMs,
    long heartbeatMs,
    String baseModel,
    Digest baseManifest,
    Digest trainingFile,
    @Nullable Digest validationFile,
    String adapterJson,
    long seed,
    List<Resume> checkpoints,
    @Nullable String parentModel,
    @Nullable Digest start,
    @Nullable Boolean leastMemory,
    @Nullable Resources resources,
    @Nullable RunLimits within,
    @Nullable String traceparent) {
  /**
   * The times after which a worker ends its run.
   *
   * @param maxRunMs milliseconds since the claim; null = no limit
   * @param noProgressMs milliseconds without an event of the trainer; null = no limit
   */
  public record RunLimits(@Nullable Long maxRunMs, @Nullable Long noProgressMs) {
    static final RunLimits NONE = new RunLimits(null, null);
  }

  public Lease {
    checkpoints = List.copyOf(checkpoints);
  }

  /** Returns whether the run should take as little memory as it can. */
  public boolean frugal() {
    return Boolean.TRUE.equals(leastMemory);
  }

  /** Returns how many devices the job runs on. */
  public int devices() {
    return resources == null ? 1 : resources.count();
  }

  public RunLimits limits() {
    return within == null ? RunLimits.NONE : within;
  }

  public Duration ttl() {
    return Duration.ofMillis(ttlMs);
  }

  public Duration heartbeat() {
    return Duration.ofMillis(heartbeatMs);
  }

  /** A checkpoint of this job: the optimiser step after which it was taken, and its files. */
  public record Resume(int step, Digest manifest) {}

  /**
   * The right to write about a job: every write carries it and must match exactly one live lease.
   *
   * @param epoch rises whenever the job is claimed or its lease is taken away
   * @param token random, so that an epoch that is used twice (after a database failover that lost a
   *     claim) still differs
   */
  public record LeaseKey(String jobId, long epoch, UUID token) {}
}
