package dev.graft.cli.doctor;

import dev.graft.platform.MachineLacks;
import dev.graft.worker.WorkerStanding;
import java.io.IOException;
import java.util.List;
import org.springframework.core.env.Environment;

/** Whether the server of a worker on this machine would give it work; no work is taken. */
record WorkersServer(Environment settings) implements Check {
  private static final String JOIN =
      "make a token on the server with graft worker-token create, and start with --join-token"
          + " or --join-token-file";

  @Override
  public String name() {
    return "server";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    if (settings.getProperty("graft.worker.server-url", "").isBlank()) {
      return List.of(
          CheckResult.missing(name(), "no server is named", "name it with --server URL"));
    }
    try {
      return List.of(of(WorkerStanding.of(settings)));
    } catch (MachineLacks wrong) {
      return List.of(
          CheckResult.missing(name(), String.valueOf(wrong.getMessage()), "correct that setting"));
    }
  }

  private CheckResult of(WorkerStanding standing) {
    return switch (standing) {
      case WorkerStanding.Accepted(var server) ->
          CheckResult.ok(name(), server + " knows this worker");
      case WorkerStanding.NotJoined(var server, boolean token) ->
          token
              ? CheckResult.ok(name(), "this worker will join " + server + " with its token")
              : CheckResult.warning(name(), "this worker has not joined " + server, JOIN);
      case WorkerStanding.Refused(var server, String why) ->
          CheckResult.missing(
              name(),
              "%s: %s".formatted(server, why),
              "remove worker/credential.json, then " + JOIN);
      case WorkerStanding.Mismatch(var server, String sentence) ->
          CheckResult.missing(
              name(), server + ": " + sentence, "install the same Graft here and there");
      case WorkerStanding.Stranger(var server, int status) ->
          CheckResult.missing(
              name(),
              "%s answers %d, which is no Graft".formatted(server, status),
              "correct the address of --server");
      case WorkerStanding.Untrusted(var server, String why) ->
          CheckResult.missing(
              name(),
              "%s is not trusted: %s".formatted(server, why),
              "name its authority's PEM file in GRAFT_WORKER_CERTIFICATE_AUTHORITIES");
      case WorkerStanding.Unreachable(var server, String why) ->
          CheckResult.missing(
              name(),
              "%s does not answer: %s".formatted(server, why),
              "start it, or correct the address of --server");
    };
  }
}
