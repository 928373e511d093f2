package dev.graft.jobs;

import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's FineTuningJobEvent and FineTuningJobCheckpoint. */
final class JobEventObject {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final Set<String> OF_VALIDATION =
      Set.of("valid_loss", "valid_mean_token_accuracy");

  private JobEventObject() {}

  public static ObjectNode of(String jobId, JobEvents.Event event) {
    ObjectNode json = JSON.createObjectNode();
    json.put("object", "fine_tuning.job.event").put("id", id(jobId, event.number()));
    json.put("created_at", event.createdAt().getEpochSecond()).put("level", event.level());
    json.put("message", event.message()).put("type", event.type());
    // OpenAI's schema has no null here: it is there or not.
    if (event.dataJson() != null) json.set("data", JSON.readTree(event.dataJson()));
    return json;
  }

  static String id(String jobId, int number) {
    return "ftevent-%s-%06d".formatted(jobId.substring("ftjob-".length()), number);
  }

  /** The number in an event id of this job; -1 for anything else, which no event is before. */
  public static int number(String jobId, String eventId) {
    String prefix = "ftevent-" + jobId.substring("ftjob-".length()) + "-";
    boolean ours = eventId.startsWith(prefix);
    String number = ours ? eventId.substring(prefix.length()) : "";
    return number.matches("[0-9]{6,9}") ? Integer.parseInt(number) : -1;
  }

  public static ObjectNode of(JobRow job, JobEvents.Checkpoint checkpoint) {
    ObjectNode json = JSON.createObjectNode();
    json.put("object", "fine_tuning.job.checkpoint").put("id", checkpoint.id());
    json.put("created_at", checkpoint.createdAt().getEpochSecond());
    json.put("fine_tuning_job_id", job.id());
    json.put("fine_tuned_model_checkpoint", FineTunedModel.checkpoint(job, checkpoint.step()));
    json.put("step_number", checkpoint.step());
    ObjectNode metrics = json.putObject("metrics").put("step", checkpoint.step());
    for (var each : JSON.readTree(checkpoint.metricsJson()).properties()) {
      metrics.set(each.getKey(), each.getValue());
      // OpenAI's other names: here all of the validation file is always looked at
      if (OF_VALIDATION.contains(each.getKey()))
        metrics.set("full_" + each.getKey(), each.getValue());
    }
    return json;
  }
}
