package dev.graft.jobs;

import dev.graft.jobs.JobRows.JobRow;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.platform.UnixTime;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Writes jobs as clients see them. Only waiting jobs need another look into the queue. */
@Component
class JobObjects {
  private final FairShareLedger ledger;

  JobObjects(FairShareLedger ledger) {
    this.ledger = ledger;
  }

  ObjectNode of(JobRows.JobRow job) {
    return of(List.of(job)).getFirst();
  }

  List<ObjectNode> of(List<JobRows.JobRow> jobs) {
    Map<String, QueuePlace.QueueTurn> turns = new HashMap<>();
    return jobs.stream().map(job -> JobObject.of(job, place(job, turns))).toList();
  }

  private @Nullable QueuePlace place(JobRows.JobRow job, Map<String, QueuePlace.QueueTurn> turns) {
    if (job.state() != JobState.QUEUED) return null;
    return QueuePlace.of(job, turns.computeIfAbsent(job.departmentId(), ledger::turn));
  }

  /**
   * OpenAI's FineTuningJob, then Graft's extension fields. Every field is always present: SDKs of
   * typed languages fail on a missing one, and on {@code error: {}}.
   */
  static final class JobObject {
    private static final JsonMapper JSON = JsonMapper.shared();

    private JobObject() {}

    /**
     * @param place in the queue; null = it does not wait there
     */
    static ObjectNode of(JobRow job, @Nullable QueuePlace place) {
      ObjectNode json = JSON.createObjectNode();
      json.put("id", job.id()).put("object", "fine_tuning.job");
      json.put("created_at", job.createdAt().getEpochSecond());
      json.put("finished_at", UnixTime.seconds(job.finishedAt()));
      json.put("estimated_finish", UnixTime.seconds(end(job)));
      String parent = job.parentModel();
      json.put("model", parent == null ? job.baseModel() : parent);
      json.put("fine_tuned_model", job.result().model());
      json.put("organization_id", job.departmentId()).put("status", job.state().wire());
      json.put("training_file", job.trainingFile()).put("validation_file", job.validationFile());
      job.result().files().forEach(json.putArray("result_files")::add);
      json.put("trained_tokens", trainedTokens(job));
      json.set("error", error(job));
      json.set("hyperparameters", JSON.readTree(job.hyperparametersJson()));
      json.set("method", JSON.readTree(job.methodJson()));
      json.put("seed", job.seed());
      json.putArray("integrations");
      json.set(
          "metadata",
          job.metadataJson() == null ? JSON.nullNode() : JSON.readTree(job.metadataJson()));
      json.put("user_provided_suffix", job.suffix());
      extensions(json, job, place);
      return json;
    }

    private static void extensions(ObjectNode json, JobRow job, @Nullable QueuePlace place) {
      json.set("adapter", JSON.readTree(job.adapterJson()));
      json.put("base_model", job.baseModel()).put("parent_model", job.parentModel());
      JobRow.Names names = job.names();
      json.put("training_file_name", names.trainingFile());
      json.put("validation_file_name", names.validationFile());
      json.put("submitted_by", names.submitter());
      json.put("priority", job.demand().priority());
      json.set("resources", job.demand().needs().resources().toJson());
      json.put("sub_status", subStatus(job));
      JobReason why = JobReason.of(job, place);
      json.put("reason", why.reason()).put("next_step", why.nextStep());
      json.set("progress", progress(job.progress(), end(job)));
      if (place == null) json.putNull("queue");
      else {
        json.putObject("queue")
            .put("position", place.position())
            .put("ahead_reason", place.why().reason())
            .put("eta", UnixTime.seconds(place.eta()));
      }
      json.set("attempts", JSON.readTree(job.attemptsJson()));
      json.put("worker", job.worker());
      json.putObject("usage")
          .put("trained_tokens", job.progress().trainedTokens())
          .put("device_seconds", Math.round(job.deviceSeconds() * 1000) / 1000.0);
      var artifacts = json.putArray("artifacts");
      if (job.result().manifest() != null) {
        artifacts.addObject().put("type", "adapter").put("manifest", job.result().manifest());
      }
      JobRow.Failure failure = job.failure();
      if (job.state() != JobState.FAILED || failure == null) json.putNull("failure");
      else {
        json.putObject("failure").put("class", failure.type()).put("hint", JobReason.hint(failure));
      }
      json.put("checkpoints_deleted_at", UnixTime.seconds(job.removed().checkpointsAt()));
      json.put("logs_deleted_at", UnixTime.seconds(job.removed().logsAt()));
    }

    /** Returns null while the job runs, as OpenAI does. */
    private static @Nullable Long trainedTokens(JobRow job) {
      return job.state() == JobState.SUCCEEDED ? job.progress().trainedTokens() : null;
    }

    private static JsonNode error(JobRow job) {
      JobRow.Failure failure = job.failure();
      if (job.state() != JobState.FAILED || failure == null) return JSON.nullNode();
      return JSON.createObjectNode()
          .put("code", failure.type())
          .put("message", failure.message() == null ? "The job failed" : failure.message())
          .put("param", failure.param());
    }

    private static @Nullable String subStatus(JobRow job) {
      return switch (job.state()) {
        case RUNNING -> {
          if (job.cancelRequested()) yield "cancelling";
          if (job.pauseRequested()) yield "pausing";
          yield job.progress().validating() ? "validating" : null;
        }
        case WAITING -> "waiting_for_approval";
        case QUEUED -> {
          int tries = job.tries().failures() + job.tries().memory();
          yield tries > 0 ? String.format(Locale.ROOT, "retrying(%d)", tries) : null;
        }
        case PAUSED, SUCCEEDED, FAILED, CANCELLED -> null;
      };
    }

    /** Returns null for a job that is about to stop. */
    private static @Nullable Instant end(JobRow job) {
      return job.pauseRequested() || job.cancelRequested() ? null : job.expectedEnd();
    }

    private static ObjectNode progress(JobRow.Progress progress, @Nullable Instant end) {
      return JSON.createObjectNode()
          .put("step", progress.step())
          .put("total_steps", progress.totalSteps())
          .put("epoch", progress.epoch())
          .put("tokens_per_second", progress.tokensPerSecond())
          .put("eta", UnixTime.seconds(end));
    }
  }

  /**
   * Why a job is in its state, and what the user can do.
   *
   * @param reason a sentence that holds at the moment of the request
   * @param nextStep a sentence, which may be to wait
   */
  record JobReason(String reason, String nextStep) {

    /**
     * @param place in the queue; null = it does not wait there
     */
    static JobReason of(JobRow job, @Nullable QueuePlace place) {
      return switch (job.state()) {
        case WAITING ->
            new JobReason(
                "It waits for the approval of an owner of its project or an administrator.",
                "Ask one of them who did not submit it to approve or reject it.");
        case QUEUED -> place == null ? new JobReason("It waits.", "Wait.") : place.why();
        case RUNNING -> running(job);
        case PAUSED ->
            new JobReason(
                "Paused%s%s."
                    .formatted(
                        by(job),
                        job.approval() == JobRow.Approval.WAITING
                            ? ", before it was approved"
                            : ""),
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
                "Submit it again if you still want it.");
      };
    }

    /** Returns the hint of the failure, or the advice for its class. */
    static String hint(JobRow.Failure failure) {
      String own = failure.hint();
      return own == null ? TrainingFailure.Kind.named(failure.type()).hint() : own;
    }

    private static JobReason running(JobRow job) {
      if (job.cancelRequested()) {
        return new JobReason(
            "Its cancellation was requested%s; its worker stops at the next step."
                .formatted(by(job)),
            "Wait for that step: a cancellation cannot be undone.");
      }
      if (job.pauseRequested()) {
        return new JobReason(
            "A pause was requested%s; its worker writes a checkpoint first.".formatted(by(job)),
            "Wait, or resume it to let it continue.");
      }
      return new JobReason(
          running(job.progress()), "Wait; its events and metrics show the progress.");
    }

    private static String running(JobRow.Progress progress) {
      Integer total = progress.totalSteps();
      if (total == null) return "A worker has claimed it and prepares the training.";
      if (!progress.validating()) {
        return String.format(
            Locale.ROOT, "A worker trains it: step %d of %d.", progress.step(), total);
      }
      return progress.step() == 0
          ? "A worker evaluates the validation file before the first step."
          : String.format(
              Locale.ROOT,
              "A worker evaluates the validation file after step %d of %d.",
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
}
