package dev.graft.worker;

import dev.graft.jobs.lease.LeaseKey;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A job and the epoch of its lease, as Ray knows the run of both: {@code graft-<job>-e<epoch>}. */
record SubmissionId(String job, long epoch) {
  private static final Pattern JOB = Pattern.compile("[A-Za-z0-9_-]{1,100}");
  private static final Pattern TEXT =
      Pattern.compile("graft-([A-Za-z0-9_-]{1,100})-e([0-9]{1,18})");

  SubmissionId {
    if (!JOB.matcher(job).matches()) throw new IllegalArgumentException("not the id of a job");
  }

  static SubmissionId of(LeaseKey key) {
    return new SubmissionId(key.jobId(), key.epoch());
  }

  /** Empty if the submission is not one of Graft's. */
  static Optional<SubmissionId> read(String text) {
    Matcher parts = TEXT.matcher(text);
    if (!parts.matches()) return Optional.empty();
    return Optional.of(new SubmissionId(parts.group(1), Long.parseLong(parts.group(2))));
  }

  /** Whether it is of an earlier lease of the same job. */
  boolean before(SubmissionId other) {
    return job.equals(other.job) && epoch < other.epoch;
  }

  @Override
  public String toString() {
    return "graft-" + job + "-e" + epoch;
  }
}
