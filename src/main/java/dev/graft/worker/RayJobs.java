package dev.graft.worker;

import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Ray's Jobs API (2.60), but for DELETE: a job that is deleted as it ends comes back as failed.
 * Every call has a deadline; one that is not answered is an {@link java.io.UncheckedIOException}
 * and may be repeated.
 */
final class RayJobs {
  private final RayHttp http;

  /**
   * @param address of the dashboard
   * @param token null = the cluster asks for none
   * @param deadline of each call
   */
  RayJobs(URI address, @Nullable String token, Duration deadline) {
    http = new RayHttp(address, token, deadline);
  }

  /**
   * Submits, or finds that it was submitted before: the answer to that may have been lost.
   *
   * @param runtimeEnvironment null = the cluster's
   */
  void submit(SubmissionId id, String entrypoint, @Nullable JsonNode runtimeEnvironment) {
    var request =
        JsonMapper.shared()
            .createObjectNode()
            .put("entrypoint", entrypoint)
            .put("submission_id", id.toString());
    request.putObject("metadata").put("graft_job", id.job()).put("graft_epoch", "" + id.epoch());
    if (runtimeEnvironment != null) request.set("runtime_env", runtimeEnvironment);
    RayHttp.Answer answer =
        http.send(http.request("").POST(BodyPublishers.ofString(request.toString())));
    if (answer.good()) return;
    // Ray 2.60 says 500 of an id that is there.
    if (answer.body().contains("already exists") && find(id).isPresent()) return;
    throw answer.refused();
  }

  /** Empty if the cluster does not know it, or no more. */
  Optional<RayJob> find(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id.toString()).GET());
    if (answer.status() == 404) return Optional.empty();
    return Optional.of(RayJob.read(answer.json()));
  }

  /** Every submission that the cluster knows. */
  List<RayJob> all() {
    List<RayJob> all = new ArrayList<>();
    for (JsonNode each : http.send(http.request("").GET()).json()) all.add(RayJob.read(each));
    return all;
  }

  /** Asks for its end; one that has ended, or is not there, stays so. */
  void stop(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id + "/stop").POST(BodyPublishers.noBody()));
    if (!answer.good() && answer.status() != 404) throw answer.refused();
  }

  /** What it has printed, whole or its beginning; empty if the cluster does not know it. */
  String logs(SubmissionId id) {
    RayHttp.Answer answer = http.send(http.request(id + "/logs").GET());
    return answer.good() ? answer.json().path("logs").asString("") : "";
  }
}
