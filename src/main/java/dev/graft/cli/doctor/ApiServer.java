package dev.graft.cli.doctor;

import dev.graft.client.KnownServer;
import dev.graft.client.KnownServer.Answer;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The server that the client commands on this machine ask, if there is one.
 *
 * @param asked address of the one to look at; null for that of the environment or the last login
 */
record ApiServer(@Nullable String asked, Map<String, String> environment) implements Check {
  public ApiServer {
    environment = Map.copyOf(environment);
  }

  @Override
  public String name() {
    return "server";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    Optional<KnownServer> known;
    try {
      known = KnownServer.find(asked, environment);
    } catch (MachineLacks authorities) {
      return List.of(CheckResult.missing(name(), message(authorities), "correct SSL_CERT_FILE"));
    }
    if (known.isEmpty()) return List.of();
    KnownServer server = known.get();
    List<CheckResult> findings = new ArrayList<>();
    findings.add(server(server));
    if (findings.getFirst().status() == CheckStatus.OK && server.hasKey())
      findings.add(key(server));
    return findings;
  }

  private CheckResult server(KnownServer server) {
    return switch (server.ask()) {
      case Answer.Graft(String version, boolean same) ->
          same
              ? CheckResult.ok(name(), "%s answers, API %s".formatted(server.address(), version))
              : CheckResult.warning(
                  name(),
                  "%s has another API than this Graft (%s)".formatted(server.address(), version),
                  "use the same version of Graft here and there");
      case Answer.Other(int status) ->
          bad(
              "%s answers %d, which is no Graft".formatted(server.address(), status),
              "correct the address: graft login --server URL");
      case Answer.Untrusted(String why) ->
          bad(
              "%s is not trusted: %s".formatted(server.address(), why),
              "name the PEM file of its authority in SSL_CERT_FILE, or correct http and https");
      case Answer.Silent(String why) ->
          bad(
              "%s does not answer: %s".formatted(server.address(), why),
              "start it, or correct the address: graft login --server URL");
    };
  }

  /** A login may be of long ago; only what was asked for is missing. */
  private CheckResult bad(String detail, String cure) {
    return asked == null
        ? CheckResult.warning(name(), detail, cure)
        : CheckResult.missing(name(), detail, cure);
  }

  private CheckResult key(KnownServer server) throws IOException {
    int status = server.statusWithKey();
    if (status == 200) return CheckResult.ok("api-key", "taken by " + server.address());
    return CheckResult.warning(
        "api-key",
        "%s answers %d to it".formatted(server.address(), status),
        "graft login --server " + server.address());
  }

  private static String message(Exception e) {
    return String.valueOf(e.getMessage());
  }
}
