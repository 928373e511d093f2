package dev.graft.worker;

import dev.graft.jobs.lease.LeaseWire;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * How this worker is known to its server: joined once with a single-use token, then kept in a
 * {@link CredentialFile}.
 */
final class WorkerCredential {
  private static final Logger log = LoggerFactory.getLogger(WorkerCredential.class);

  private WorkerCredential() {}

  /**
   * @throws MachineLacks without a credential or a token that the server takes
   */
  static String obtain(WorkerProperties settings, URI server) throws IOException {
    Optional<String> kept = kept(settings);
    if (kept.isPresent() && !joinsAgain(settings, server, kept.get())) return kept.get();
    List<String> tokens = OfferedTokens.of(settings);
    if (tokens.isEmpty()) {
      throw new MachineLacks(
          "this worker has not joined yet: make a token on the server with `graft worker-token"
              + " create` and start with --join-token or --join-token-file");
    }
    LeaseWire.Joined joined = join(settings, server, tokens);
    new CredentialFile(joined.workerId(), joined.credential(), null)
        .write(CredentialFile.of(settings));
    try (var _ = MDC.putCloseable("worker", joined.workerId())) {
      log.atInfo().log("joined");
    }
    return joined.credential();
  }

  /** With a token, where the server says that what is kept has expired. */
  private static boolean joinsAgain(WorkerProperties settings, URI server, String credential) {
    if (settings.joinToken() == null && settings.joinTokenFile() == null) return false;
    try {
      WorkerHttp http = new WorkerHttp(server, credential, settings);
      HttpResponse<byte[]> answer =
          http.send(http.request("/leases", settings.callTimeout()).GET().build());
      return WorkerHttp.refusal(answer.body()).code().equals(LeaseWire.CREDENTIAL_EXPIRED);
    } catch (UncheckedIOException unanswered) {
      return false; // it may take it later
    }
  }

  /** The credential of an earlier start. */
  static Optional<String> kept(WorkerProperties settings) throws IOException {
    Path file = CredentialFile.of(settings);
    if (!Files.exists(file)) return Optional.empty();
    return Optional.of(CredentialFile.read(file).credential());
  }

  /** Of several tokens others may have used some: it is the first that the server takes. */
  private static LeaseWire.Joined join(WorkerProperties settings, URI server, List<String> tokens) {
    WorkerHttp http = new WorkerHttp(server, "", settings);
    Iterator<String> left = tokens.iterator();
    HttpResponse<byte[]> response = ask(http, settings, left.next());
    while (response.statusCode() == 401 && left.hasNext()) {
      response = ask(http, settings, left.next());
    }
    if (response.statusCode() != 200) {
      throw new MachineLacks(
          "%s did not let this worker join (%d): %s"
              .formatted(
                  server, response.statusCode(), WorkerHttp.refusal(response.body()).message()));
    }
    WorkerHttp.mismatch(response)
        .ifPresent(
            why -> {
              throw new MachineLacks(why);
            });
    return LeaseWire.read(response.body(), LeaseWire.Joined.class);
  }

  private static HttpResponse<byte[]> ask(
      WorkerHttp http, WorkerProperties settings, String token) {
    LeaseWire.JoinRequest request = new LeaseWire.JoinRequest(token, name(settings.name()));
    return http.send(
        http.request("/join", settings.callTimeout())
            .POST(BodyPublishers.ofByteArray(LeaseWire.write(request)))
            .build());
  }

  private static String name(@Nullable String configured) {
    if (configured != null && !configured.isBlank()) return configured;
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "worker";
    }
  }
}
