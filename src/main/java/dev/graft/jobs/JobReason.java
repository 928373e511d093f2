package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Why a job is where it is, and what comes next: a sentence each, for whoever waits for it.
 *
 * @param reason true at the moment of asking
 * @param nextStep what to do, or that there is nothing to do but wait
 */
record JobReason(String reason, String nextStep) {

  /**
   * @param place in the queue; null = it does not wait there
   */
  public static JobReason of(JobRow job, @Nullable QueuePlace place) {
    return switch (job.state()) {
      case WAITING ->
          new JobReason(
              "It waits for the approval of an owner of its project, or of an administrator.",
              "Ask one who did not submit it to approve or reject it.");
      case QUEUED -> place == null ? new JobReason("It waits.", "Wait.") : place.why();
      case RUNNING -> running(job);
      case PAUSED ->
          new JobReason(
              "Paused%s%s."
                  .formatted(
                      by(job),
                      job.approval() == JobRow.Approval.WAITING ? ", before it was approved" : ""),
              job.progress().step() > 0
                  ? "Resume it to continue from its checkpoint at step %d."
                      .formatted(job.progress().step())
                  : "Resume it to start from the beginning.");
      case SUCCEEDED ->
          new JobReason(
              "It made %d steps and published %s."
                  .formatted(job.progress().step(), job.result().model()),
              "Try the model, evaluate it, or download its adapter.");
      case FAILED -> failed(job.failure());
      case CANCELLED ->
          new JobReason(
              job.approval() == JobRow.Approval.REJECTED
                  ? rejected(job.asked())
                  : "Cancelled%s.".formatted(by(job)),
              "Submit it again if it is wanted after all.");
    };
  }

  /** What to do about a failure: what was said with it, or what helps with its class. */
  public static String hint(JobRow.Failure failure) {
    String said = failure.hint();
    return said == null ? TrainingFailure.Kind.named(failure.type()).hint() : said;
  }

  private static JobReason running(JobRow job) {
    if (job.cancelRequested()) {
      return new JobReason(
          "Its cancellation was asked for%s; its worker stops at the next step.".formatted(by(job)),
          "Wait for the step: a cancellation cannot be taken back.");
    }
    if (job.pauseRequested()) {
      return new JobReason(
          "A pause was asked for%s; its worker writes a checkpoint first.".formatted(by(job)),
          "Wait, or resume it to let it run on.");
    }
    return new JobReason(
        running(job.progress()), "Wait; its events and metrics show the progress.");
  }

  private static String running(JobRow.Progress progress) {
    Integer total = progress.totalSteps();
    if (total == null) return "A worker has it, and prepares the training.";
    if (!progress.validating()) {
      return String.format(
          Locale.ROOT, "A worker trains it: step %d of %d.", progress.step(), total);
    }
    return progress.step() == 0
        ? "A worker measures the validation file before the first step."
        : String.format(
            Locale.ROOT,
            "A worker measures the validation file after step %d of %d.",
            progress.step(),
            total);
  }

  private static JobReason failed(JobRow.@Nullable Failure failure) {
    if (failure == null) return new JobReason("The job failed.", "Read its events.");
    return new JobReason(
        sentence(failure.message() == null ? "The job failed" : failure.message()),
        sentence(hint(failure)));
  }

  private static String rejected(JobRow.@Nullable Asked asked) {
    if (asked == null) return "Rejected.";
    String who = "Rejected by " + asked.by();
    return sentence(asked.why() == null ? who : who + ": " + asked.why());
  }

  private static String by(JobRow job) {
    JobRow.Asked asked = job.asked();
    if (asked == null) return "";
    return (asked.by() == null ? "" : " by " + asked.by())
        + (asked.why() == null ? "" : ", because " + asked.why());
  }

  private static String sentence(String text) {
    return text.matches("(?s).*[.!?]") ? text : text + ".";
  }
}
