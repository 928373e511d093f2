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

/** How a worker stands with its server, asked without taking work. */
public sealed interface WorkerStanding {
  /**
   * It has no credential yet.
   *
   * @param token whether it has a token to join with
   */
  record NotJoined(URI server, boolean token) implements WorkerStanding {}

  /** The server gives it work. */
  record Accepted(URI server) implements WorkerStanding {}

  /** The server does not take its credential. */
  record Refused(URI server, String why) implements WorkerStanding {}

  /** One of both must be upgraded, and the sentence says which. */
  record Mismatch(URI server, String sentence) implements WorkerStanding {}

  /** Something answers that is no server of workers. */
  record Stranger(URI server, int status) implements WorkerStanding {}

  /** No authority that is trusted vouches for the server. */
  record Untrusted(URI server, String why) implements WorkerStanding {}

  /** The server does not answer. */
  record Unreachable(URI server, String why) implements WorkerStanding {}

  /**
   * @param environment with {@code graft.worker.*}
   * @throws dev.graft.platform.MachineLacks without the address of a server
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

  /** Work is taken by POST; a GET only tells who is known. */
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
