package dev.graft.worker;

import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import dev.graft.jobs.lease.LeaseWire;
import dev.graft.jobs.lease.LeaseWire.ProtocolVersion;
import dev.graft.jobs.lease.WorkerLink;
import dev.graft.platform.Span;
import dev.graft.platform.TrustedAuthorities;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** HTTP calls of a worker to its server, with the worker's credential once it has joined. */
final class WorkerHttp implements WorkerLink {
  private static final String AUTHORIZATION = "authorization";
  private static final String SCHEME = "Bearer ";
  private static final Duration STALLED = Duration.ofSeconds(30);

  /** Bytes of an error that are read. */
  private static final int ERROR_BYTES = 4096;

  private final HttpClient client;
  private final URI server;
  private final WorkerCredential.ShownCredential credential;

  /**
   * @param credential empty before joining
   */
  WorkerHttp(URI server, String credential, WorkerProperties settings) {
    this(server, () -> credential, settings);
  }

  WorkerHttp(URI server, WorkerCredential.ShownCredential credential, WorkerProperties settings) {
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(settings.callTimeout())
            .followRedirects(HttpClient.Redirect.NEVER);
    Path authorities = settings.certificateAuthorities();
    if (authorities != null) builder.sslContext(TrustedAuthorities.of(authorities));
    this.client = builder.build();
    this.server = server;
    this.credential = credential;
  }

  HttpRequest.Builder request(String path, Duration deadline) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server + LeaseWire.PATH + path))
            .timeout(deadline)
            .header("content-type", "application/json")
            .header(ProtocolVersion.HEADER, Integer.toString(ProtocolVersion.CURRENT))
            .header(LeaseWire.FOLLOWS_HEADER, "1");
    String shown = credential.shown();
    if (!shown.isEmpty()) request.header(AUTHORIZATION, SCHEME + shown);
    return request;
  }

  /** Begins a request about a lease. */
  HttpRequest.Builder request(LeaseKey key, String path, Duration deadline) {
    HttpRequest.Builder request =
        request("/leases/" + key.jobId() + path, deadline)
            .header(LeaseWire.LEASE_HEADER, LeaseWire.header(key));
    String traceparent = Span.current().traceparent();
    return traceparent == null ? request : request.header("traceparent", traceparent);
  }

  HttpResponse<byte[]> send(HttpRequest request) {
    return send(request, BodyHandlers.ofByteArray());
  }

  /** Returns the answer, or that of the server to which it redirects. */
  HttpResponse<InputStream> open(HttpRequest request) {
    HttpResponse<InputStream> answer = send(request, BodyHandlers.ofInputStream());
    return RedirectedRead.of(answer)
        .map(
            elsewhere ->
                elsewhere.content(send(elsewhere.request(STALLED), BodyHandlers.ofInputStream())))
        .orElse(answer);
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> body) {
    try {
      HttpResponse<T> response = client.send(request, body);
      String shown = shown(request);
      if (shown.isEmpty()) return response;
      if (response.statusCode() == 401 && credential.replaced(shown)) {
        if (response.body() instanceof InputStream unread) unread.close();
        return client.send(again(request), body);
      }
      if (response.headers().firstValue(LeaseWire.RENEWAL_DUE_HEADER).isPresent()) {
        credential.renew(shown, this);
      }
      return response;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException("interrupted"));
    }
  }

  private static String shown(HttpRequest request) {
    return request
        .headers()
        .firstValue(AUTHORIZATION)
        .map(header -> header.substring(SCHEME.length()))
        .orElse("");
  }

  /** Returns the same request with the new credential. */
  private HttpRequest again(HttpRequest request) {
    return HttpRequest.newBuilder(request, (name, value) -> !name.equalsIgnoreCase(AUTHORIZATION))
        .header(AUTHORIZATION, SCHEME + credential.shown())
        .build();
  }

  @Override
  public Optional<byte[]> post(String path, Object body, Duration deadline) {
    HttpResponse<byte[]> response =
        send(
            request(path, deadline)
                .POST(BodyPublishers.ofByteArray(LeaseWire.write(body)))
                .build());
    requireSuccess(response.statusCode(), response.body());
    return response.statusCode() == 204 ? Optional.empty() : Optional.of(response.body());
  }

  @Override
  public InputStream open(String path) {
    HttpResponse<InputStream> response = open(request(path, STALLED).GET().build());
    if (response.statusCode() != 200) {
      try (InputStream body = response.body()) {
        requireSuccess(response.statusCode(), body.readNBytes(ERROR_BYTES));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return new StallGuard(response.body(), STALLED);
  }

  /**
   * Returns if the status is 2xx.
   *
   * @throws UncheckedIOException for 5xx, 408 and 429, which may pass
   * @throws LeaseRefused for any other status, which would be the same again
   */
  static void requireSuccess(int status, byte[] body) {
    if (status / 100 == 2) return;
    String error = "server answered %d: %s".formatted(status, refusal(body).message());
    if (status >= 500 || status == 408 || status == 429) {
      throw new UncheckedIOException(new IOException(error));
    }
    throw new LeaseRefused(error);
  }

  /** Returns why this worker cannot work with the server of this answer; empty if it can. */
  static Optional<String> mismatch(HttpResponse<?> response) {
    String version = response.headers().firstValue(ProtocolVersion.HEADER).orElse(null);
    return ProtocolVersion.ofServer(version).map(ProtocolVersion.Mismatch::sentence);
  }

  /** Code and message of an error envelope. */
  record Refusal(String code, String message) {}

  static Refusal refusal(byte[] body) {
    try {
      JsonNode error = LeaseWire.read(body, JsonNode.class).path("error");
      return new Refusal(error.path("code").asString(""), error.path("message").asString(""));
    } catch (JacksonException notJson) {
      return new Refusal("", "no error envelope");
    }
  }

  /** A redirect to another server for content, which gets neither credential nor lease. */
  record RedirectedRead(URI elsewhere) {
    private static final int FOUND = 302;

    static Optional<RedirectedRead> of(HttpResponse<InputStream> answer) {
      if (answer.statusCode() != FOUND) return Optional.empty();
      discard(answer);
      return answer
          .headers()
          .firstValue("location")
          .map(location -> new RedirectedRead(answer.uri().resolve(location)));
    }

    HttpRequest request(Duration deadline) {
      return HttpRequest.newBuilder(elsewhere).timeout(deadline).GET().build();
    }

    /**
     * Returns a successful answer. Other answers may pass: an expired link, an unavailable store.
     */
    HttpResponse<InputStream> content(HttpResponse<InputStream> answer) {
      if (answer.statusCode() == 200) return answer;
      discard(answer);
      throw new UncheckedIOException(
          new IOException(
              "%s, to which the server redirected, answered %d"
                  .formatted(elsewhere.getHost(), answer.statusCode())));
    }

    private static void discard(HttpResponse<InputStream> answer) {
      try {
        answer.body().close();
      } catch (IOException gone) {
        // The body is not needed.
      }
    }
  }

  /**
   * Ends a download if nothing arrives for a while: the HTTP client's own deadline covers only the
   * headers, and a broken connection may send no signal.
   */
  static final class StallGuard extends FilterInputStream {
    private final Duration patience;
    private volatile long reads;
    private volatile boolean stalled;
    private volatile boolean closed;

    StallGuard(InputStream in, Duration patience) {
      super(in);
      this.patience = patience;
      watch(0);
    }

    private void watch(long readsBefore) {
      CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)
          .execute(
              () -> {
                if (closed) return;
                if (reads != readsBefore) {
                  watch(reads);
                } else {
                  stalled = true;
                  closeQuietly();
                }
              });
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) {
      try {
        int count = super.read(buffer, offset, length);
        if (stalled) throw new IOException("nothing arrived for " + patience.toSeconds() + " s");
        reads = reads + 1;
        return count;
      } catch (IOException e) {
        throw new UncheckedIOException(e); // a network error, which may pass
      }
    }

    @Override
    public void close() throws IOException {
      closed = true;
      super.close();
    }

    private void closeQuietly() {
      try {
        super.close();
      } catch (IOException e) {
        // The next read reports it.
      }
    }
  }
}
