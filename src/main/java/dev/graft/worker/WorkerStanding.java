package dev.graft.worker;

import dev.graft.jobs.lease.LeaseWire.ProtocolVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.Objects;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/** The state of a worker at its server, checked without taking work. */
public sealed interface WorkerStanding {
  /**
   * It has no credential yet.
   *
   * @param token whether it has a token to join with
   */
  record NotJoined(URI server, boolean token) implements WorkerStanding {}

  /** The server gives it work. */
  record Accepted(URI server) implements WorkerStanding {}

  /** The server refuses its credential. */
  record Refused(URI server, String why) implements WorkerStanding {}

  /** Worker or server must be upgraded; the sentence names it. */
  record Mismatch(URI server, String sentence) implements WorkerStanding {}

  /** Something else answers at the address. */
  record Stranger(URI server, int status) implements WorkerStanding {}

  /** The server's certificate is not trusted. */
  record Untrusted(URI server, String why) implements WorkerStanding {}

  /** The server does not answer. */
  record Unreachable(URI server, String why) implements WorkerStanding {}

  /**
   * @param environment with {@code graft.worker.*}
   * @throws dev.graft.platform.MachineLacks without a valid server URL
   */
  static WorkerStanding of(Environment environment) throws IOException {
    WorkerProperties settings =
        Binder.get(environment).bindOrCreate("graft.worker", WorkerProperties.class);
    URI server = settings.server();
    Optional<String> credential = WorkerCredential.kept(settings);
    if (credential.isEmpty()) {
      return new NotJoined(server, !WorkerCredential.OfferedTokens.of(settings).isEmpty());
    }
    return ask(server, new WorkerHttp(server, credential.get(), settings), settings);
  }

  /** Asks by GET, which checks the credential; only POST takes work. */
  private static WorkerStanding ask(URI server, WorkerHttp http, WorkerProperties settings) {
    try {
      HttpResponse<byte[]> answer =
          http.send(http.request("/leases", settings.callTimeout()).GET().build());
      if (answer.statusCode() == 401) {
        return new Refused(server, WorkerHttp.refusal(answer.body()).message());
      }
      if (answer.headers().firstValue(ProtocolVersion.HEADER).isEmpty()) {
        return new Stranger(server, answer.statusCode());
      }
      return WorkerHttp.mismatch(answer)
          .<WorkerStanding>map(sentence -> new Mismatch(server, sentence))
          .orElseGet(() -> new Accepted(server));
    } catch (UncheckedIOException e) {
      Throwable cause = Objects.requireNonNullElse(e.getCause(), e);
      String why = Objects.requireNonNullElse(cause.getMessage(), "no connection");
      return cause instanceof SSLException
          ? new Untrusted(server, why)
          : new Unreachable(server, why);
    }
  }
}
