package dev.graft.jobs.lease;

import java.util.UUID;

/**
 * The right to write about a job: every write carries it and must hit exactly one live lease.
 *
 * @param epoch rises at every claim and at every reap of the job
 * @param token random, so that an epoch number given out twice (after a database failover that lost
 *     a claim) still differs
 */
public record LeaseKey(String jobId, long epoch, UUID token) {}
