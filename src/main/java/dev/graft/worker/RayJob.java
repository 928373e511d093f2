package dev.graft.worker;

import java.util.Arrays;
import tools.jackson.databind.JsonNode;

/**
 * What Ray says of a submission.
 *
 * @param message for operators
 */
record RayJob(String submissionId, Status status, String message) {
  /** As Ray calls them; what this release does not know is taken for running. */
  enum Status {
    PENDING,
    RUNNING,
    STOPPED,
    SUCCEEDED,
    FAILED
  }

  static RayJob read(JsonNode json) {
    String said = json.path("status").asString("");
    return new RayJob(
        json.path("submission_id").asString(""),
        Arrays.stream(Status.values())
            .filter(each -> each.name().equals(said))
            .findFirst()
            .orElse(Status.RUNNING),
        json.path("message").asString(""));
  }

  boolean ended() {
    return switch (status) {
      case PENDING, RUNNING -> false;
      case STOPPED, SUCCEEDED, FAILED -> true;
    };
  }
}
