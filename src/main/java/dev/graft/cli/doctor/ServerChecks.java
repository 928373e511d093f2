package dev.graft.cli.doctor;

import dev.graft.artifacts.S3Bucket;
import dev.graft.artifacts.S3Properties;
import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.client.KnownServer;
import dev.graft.client.KnownServer.Answer;
import dev.graft.platform.MachineLacks;
import dev.graft.worker.WorkerStanding;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.env.Environment;

/** The checks of the servers that run on this machine or that its worker uses. */
final class ServerChecks {
  private ServerChecks() {}

  /**
   * Checks the server that client commands on this machine use, if there is one.
   *
   * @param asked the server's address; null for that of the environment or the last login
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
        return List.of(missing(message(authorities), "correct SSL_CERT_FILE"));
      }
      if (known.isEmpty()) return List.of();
      KnownServer server = known.get();
      List<CheckResult> findings = new ArrayList<>();
      findings.add(server(server));
      if (findings.getFirst().status() == DoctorReport.CheckStatus.OK && server.hasKey())
        findings.add(key(server));
      return findings;
    }

    private CheckResult server(KnownServer server) {
      return switch (server.ask()) {
        case Answer.Graft(String version, boolean same) ->
            same
                ? ok("%s answers with API version %s".formatted(server.address(), version))
                : warning(
                    "the API of %s (%s) differs from this version's"
                        .formatted(server.address(), version),
                    "install the same version of Graft on both machines");
        case Answer.Other(int status) ->
            bad(
                "%s answers with status %d and is not a Graft server"
                    .formatted(server.address(), status),
                "correct the address with graft login --server URL");
        case Answer.Untrusted(String why) ->
            bad(
                "%s is not trusted: %s".formatted(server.address(), why),
                "set SSL_CERT_FILE to the PEM file of its authority, or correct http or https in"
                    + " the address");
        case Answer.Silent(String why) ->
            bad(
                "%s does not answer: %s".formatted(server.address(), why),
                "start the server, or correct the address with graft login --server URL");
      };
    }

    /**
     * Returns a warning for the server of a login, which may be old, and an error for a specified
     * one.
     */
    private CheckResult bad(String detail, String cure) {
      return asked == null ? warning(detail, cure) : missing(detail, cure);
    }

    private CheckResult key(KnownServer server) throws IOException {
      int status = server.statusWithKey();
      if (status == 200) return CheckResult.ok("api-key", "accepted by " + server.address());
      return CheckResult.warning(
          "api-key",
          "%s answers with status %d".formatted(server.address(), status),
          "graft login --server " + server.address());
    }

    private static String message(Exception e) {
      return String.valueOf(e.getMessage());
    }
  }

  /** Checks that the server of this machine's worker accepts it; no work is claimed. */
  record WorkersServer(Environment settings) implements Check {
    private static final String JOIN =
        "create a token on the server with graft worker-token create, and start the worker with"
            + " --join-token or --join-token-file";

    @Override
    public String name() {
      return "server";
    }

    @Override
    public List<CheckResult> findings() throws IOException {
      if (settings.getProperty("graft.worker.server-url", "").isBlank()) {
        return List.of(missing("no server is specified", "specify it with --server URL"));
      }
      try {
        return List.of(of(WorkerStanding.of(settings)));
      } catch (MachineLacks wrong) {
        return List.of(missing(String.valueOf(wrong.getMessage()), "correct that setting"));
      }
    }

    private CheckResult of(WorkerStanding standing) {
      return switch (standing) {
        case WorkerStanding.Accepted(var server) -> ok(server + " knows this worker");
        case WorkerStanding.NotJoined(var server, boolean token) ->
            token
                ? ok("this worker will join " + server + " with its token")
                : warning("this worker has not joined " + server, JOIN);
        case WorkerStanding.Refused(var server, String why) ->
            missing("%s: %s".formatted(server, why), "remove worker/credential.json, then " + JOIN);
        case WorkerStanding.Mismatch(var server, String sentence) ->
            missing(server + ": " + sentence, "install the same version of Graft on both machines");
        case WorkerStanding.Stranger(var server, int status) ->
            missing(
                "%s answers with status %d and is not a Graft server".formatted(server, status),
                "correct the address of --server");
        case WorkerStanding.Untrusted(var server, String why) ->
            missing(
                "%s is not trusted: %s".formatted(server, why),
                "set GRAFT_WORKER_CERTIFICATE_AUTHORITIES to the PEM file of its authority");
        case WorkerStanding.Unreachable(var server, String why) ->
            missing(
                "%s does not answer: %s".formatted(server, why),
                "start the server, or correct the address of --server");
      };
    }
  }

  /**
   * Checks, as a server does when it starts, that the artifact bucket can be listed, written and
   * read.
   */
  record ArtifactBucket(S3Properties settings) implements Check {
    @Override
    public String name() {
      return "bucket";
    }

    @Override
    public List<CheckResult> findings() {
      try {
        S3Bucket.open(settings).close();
        return List.of(ok(settings.bucket() + " can be read and written"));
      } catch (MachineLacks unusable) {
        return List.of(
            missing(
                String.valueOf(unusable.getMessage()),
                "correct graft.artifacts.s3 or the bucket; see docs/s3.md"));
      }
    }
  }

  /**
   * Checks that the port of the API is free or in use by Graft.
   *
   * @param address the address to listen on; null for all
   * @param scheme the scheme that Graft would use there
   */
  record Port(@Nullable String address, int port, String scheme, Map<String, String> environment)
      implements Check {
    private static final String CURE = "stop that program, or choose another port with --port";

    public Port {
      environment = Map.copyOf(environment);
    }

    public static Port of(Environment settings, Map<String, String> environment) {
      return new Port(
          settings.getProperty("server.address"),
          settings.getProperty("server.port", Integer.class, 8080),
          Installation.scheme(settings, "server"),
          environment);
    }

    @Override
    public String name() {
      return "port";
    }

    @Override
    public List<CheckResult> findings() {
      return List.of(finding());
    }

    private CheckResult finding() {
      InetSocketAddress wanted;
      try {
        wanted =
            address == null
                ? new InetSocketAddress(port)
                : new InetSocketAddress(InetAddress.getByName(address), port);
      } catch (UnknownHostException e) {
        return missing(
            "this machine does not have the address " + address, "correct server.address");
      }
      try (ServerSocket socket = new ServerSocket()) {
        socket.setReuseAddress(true);
        socket.bind(wanted);
        return ok(port == 0 ? "any free port" : port + " is free");
      } catch (IOException e) {
        return held(wanted, String.valueOf(e.getMessage()));
      }
    }

    private CheckResult held(InetSocketAddress wanted, String why) {
      InetAddress host =
          wanted.getAddress().isAnyLocalAddress()
              ? InetAddress.getLoopbackAddress()
              : wanted.getAddress();
      URI there = URI.create("%s://%s:%d".formatted(scheme, literal(host), port));
      return switch (KnownServer.at(there, environment).ask()) {
        case Answer.Graft(String version, boolean same) ->
            ok("%d is in use by a running Graft".formatted(port));
        case Answer.Untrusted(String reason) ->
            warning(
                "%d is in use, perhaps by Graft, but that cannot be checked (%s)"
                    .formatted(port, reason),
                CURE);
        case Answer.Other(int status) ->
            missing("%d is in use by another program".formatted(port), CURE);
        case Answer.Silent(String reason) ->
            missing("cannot listen on %d (%s)".formatted(port, why), CURE);
      };
    }

    private static String literal(InetAddress host) {
      String text = host.getHostAddress();
      return text.contains(":") ? "[" + text + "]" : text;
    }
  }
}
