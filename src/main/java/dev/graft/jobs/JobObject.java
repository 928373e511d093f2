package dev.graft.jobs;

import dev.graft.platform.UnixTime;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * OpenAI's FineTuningJob, then Graft's extension fields. Every field is always there: SDKs of typed
 * languages fail on a missing one, and on {@code error: {}}.
 */
final class JobObject {
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

  /** OpenAI has it null while the job runs. */
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

  /** Nobody knows it of a job that is about to stop. */
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
