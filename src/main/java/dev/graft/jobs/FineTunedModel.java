package dev.graft.jobs;

/** The names under which results can be called. */
final class FineTunedModel {
  private FineTunedModel() {}

  /** {@code ft:<base>:<department>:<suffix>:<id>}, the suffix empty if there is none. */
  public static String name(JobRow job) {
    String suffix = job.suffix() == null ? "" : job.suffix();
    return "ft:%s:%s:%s:%s"
        .formatted(
            job.baseModel(), job.departmentName(), suffix, job.id().substring("ftjob-".length()));
  }

  public static String checkpoint(JobRow job, int step) {
    return name(job) + ":ckpt-step-" + step;
  }
}
