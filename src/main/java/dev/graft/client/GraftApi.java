package dev.graft.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Calls a server's API with one key. Paths begin with {@code /v1/}. Files are streamed in both
 * directions.
 *
 * <p>Requests that may be repeated are retried up to twice if the server is busy or does not
 * answer. An answer other than 2xx throws {@link ApiRefused}; no answer throws {@link NoAnswer}.
 */
public final class GraftApi implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();

  /**
   * The timeout of a request, the same as in OpenAI's SDKs; uploading a part of 64 MiB may take
   * long.
   */
  static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final String IDEMPOTENCY = "idempotency-key";
  private static final int RETRIES = 2;
  static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Set<Integer> BUSY = Set.of(429, 503);

  private final HttpClient http;
  private final String server;
  private final Supplier<String> key;

  /**
   * @param server the server's address, with or without a trailing {@code /v1}
   */
  public GraftApi(URI server, String key) {
    this(server, () -> key, HttpClient.newHttpClient());
  }

  /**
   * @param key supplies the key for each request
   * @param http the client, with the trusted authorities
   */
  public GraftApi(URI server, Supplier<String> key, HttpClient http) {
    this.http = http;
    this.server = server.toString().replaceFirst("/+(v1/*)?$", "");
    this.key = key;
  }

  /** Returns the answer to {@code GET path}. */
  public JsonNode get(String path) {
    return json(request(path).GET());
  }

  /** Returns the answer to {@code POST path} with a JSON body. */
  public JsonNode post(String path, JsonNode body) {
    return json(posting(path, body));
  }

  /** Like {@link #post(String, JsonNode)}, with maps, lists and plain values. */
  public JsonNode post(String path, Map<String, ?> body) {
    return post(path, JSON.<JsonNode>valueToTree(body));
  }

  /** Like {@link #post(String, JsonNode)}, with an idempotency key, so that it may be retried. */
  public JsonNode create(String path, JsonNode body) {
    return json(posting(path, body).header(IDEMPOTENCY, UUID.randomUUID().toString()));
  }

  private HttpRequest.Builder posting(String path, JsonNode body) {
    return request(path)
        .header("content-type", "application/json")
        .POST(BodyPublishers.ofString(body.toString()));
  }

  /** Returns the answer to {@code DELETE path}. */
  public JsonNode delete(String path) {
    return json(request(path).DELETE());
  }

  /** Sends a form with one file: {@code POST path} as {@code multipart/form-data}. */
  public JsonNode send(
      String path, Map<String, String> fields, String part, String name, BodyPublisher of) {
    Multipart form = new Multipart(fields, part, name, of);
    return json(request(path).header("content-type", form.contentType()).POST(form.body()));
  }

  /** Uploads a training file; returns its id. */
  public String upload(String name, String content) {
    return send(
            "/v1/files",
            Map.of("purpose", "fine-tune"),
            "file",
            name,
            BodyPublishers.ofString(content))
        .path("id")
        .asString();
  }

  /**
   * Downloads {@code GET path} to a file, which appears only when it is complete. An interrupted
   * download is resumed.
   */
  public void download(String path, Path file) throws IOException {
    Path directory = file.toAbsolutePath().getParent();
    Path part = Files.createTempFile(directory, ".graft-", ".part");
    try {
      new FileDownload(http, server, () -> request(path)).into(part);
      Files.move(part, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  /**
   * Opens the event stream of {@code GET path}, without retries.
   *
   * @param last id of the last event received, or null to start with the first
   */
  ServerEvents events(String path, @Nullable String last) throws IOException, InterruptedException {
    HttpRequest.Builder request = request(path).header("accept", "text/event-stream").GET();
    if (last != null) request.header("last-event-id", last);
    HttpResponse<InputStream> answer = http.send(request.build(), BodyHandlers.ofInputStream());
    if (answer.statusCode() / 100 == 2) return new ServerEvents(answer.body());
    try (InputStream body = answer.body()) {
      throw refused(answer, new String(body.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(server + path))
        .timeout(PATIENCE)
        .header("authorization", "Bearer " + key.get());
  }

  private JsonNode json(HttpRequest.Builder request) {
    String body = accepted(send(request.build(), BodyHandlers.ofString())).body();
    return body.isEmpty() ? JsonNodeFactory.instance.objectNode() : JSON.readTree(body);
  }

  /** Sends a request, with retries if it may be repeated. */
  private HttpResponse<String> send(HttpRequest request, BodyHandler<String> handler) {
    for (int left = harmless(request) ? RETRIES : 0; ; left--) {
      try {
        HttpResponse<String> answer = http.send(request, handler);
        if (left == 0 || !isBusy(answer)) return answer;
        LockSupport.parkNanos(pause(answer).toNanos());
      } catch (IOException e) {
        if (left == 0) throw new NoAnswer(server, e);
        LockSupport.parkNanos(PAUSE.toNanos());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  /** Returns whether the request may be sent twice. */
  private static boolean harmless(HttpRequest request) {
    return request.method().equals("GET") || request.headers().map().containsKey(IDEMPOTENCY);
  }

  static boolean isBusy(HttpResponse<?> answer) {
    return BUSY.contains(answer.statusCode());
  }

  static Duration pause(HttpResponse<String> answer) {
    long seconds = answer.headers().firstValueAsLong("retry-after").orElse(1);
    return Duration.ofSeconds(Math.clamp(seconds, 1, 30));
  }

  static HttpResponse<String> accepted(HttpResponse<String> answer) {
    if (answer.statusCode() / 100 == 2) return answer;
    throw refused(answer, answer.body());
  }

  static ApiRefused refused(HttpResponse<?> answer, String body) {
    return new ApiRefused(
        answer.statusCode(),
        sentence(body),
        answer.headers().firstValue("x-request-id").orElse(null));
  }

  private static String sentence(String body) {
    try {
      return JSON.readTree(body).at("/error/message").asString("the server gave no reason");
    } catch (JacksonException e) {
      return "the answer is not from a Graft server; check the address, including http or https";
    }
  }

  @Override
  public void close() {
    http.close();
  }

  /** A multipart form (RFC 7578) of fields and one file, which is streamed. */
  record Multipart(
      Map<String, String> fields,
      String part,
      String filename,
      BodyPublisher file,
      String boundary) {
    Multipart(Map<String, String> fields, String part, String filename, BodyPublisher file) {
      this(fields, part, filename, file, "graft-" + UUID.randomUUID());
    }

    String contentType() {
      return "multipart/form-data; boundary=" + boundary;
    }

    BodyPublisher body() {
      StringBuilder head = new StringBuilder();
      fields.forEach(
          (name, value) ->
              head.append("--%s\r\n".formatted(boundary))
                  .append("content-disposition: form-data; name=\"%s\"\r\n\r\n".formatted(name))
                  .append(value)
                  .append("\r\n"));
      head.append("--%s\r\n".formatted(boundary))
          .append(
              "content-disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                  .formatted(part, quoted(filename)))
          .append("content-type: application/octet-stream\r\n\r\n");
      return BodyPublishers.concat(
          BodyPublishers.ofString(head.toString()),
          file,
          BodyPublishers.ofString("\r\n--%s--\r\n".formatted(boundary)));
    }

    /** Escapes a name as browsers do (WHATWG HTML, multipart/form-data encoding). */
    private static String quoted(String name) {
      return name.replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A");
    }
  }

  /**
   * Downloads a file. An interrupted download is resumed as long as each attempt receives some
   * bytes; the caller checks the digest.
   *
   * @param request makes a request for the whole file, without the method
   */
  record FileDownload(HttpClient http, String server, Supplier<HttpRequest.Builder> request) {
    /** Consecutive attempts without new bytes after which it gives up. */
    private static final int VAIN_ATTEMPTS = 3;

    /**
     * @param part may already contain the beginning
     * @throws ApiRefused if the server refuses it
     * @throws NoAnswer after several attempts without new bytes
     */
    void into(Path part) throws IOException {
      int vain = 0;
      while (true) {
        long before = Files.size(part);
        try {
          HttpResponse<String> answer = send(request.get(), before, part);
          if (answer.statusCode() / 100 == 3) fetch(answer, before, part);
          else if (!GraftApi.isBusy(answer) || ++vain == VAIN_ATTEMPTS) GraftApi.accepted(answer);
          if (answer.statusCode() / 100 <= 3) return;
          LockSupport.parkNanos(GraftApi.pause(answer).toNanos());
        } catch (IOException brokeOff) {
          vain = Files.size(part) > before ? 0 : vain + 1;
          if (vain == VAIN_ATTEMPTS) throw new NoAnswer(server, brokeOff);
          LockSupport.parkNanos(GraftApi.PAUSE.toNanos());
        }
      }
    }

    /**
     * Downloads from the URL that the server redirects to, on another host, without sending the
     * key.
     */
    private void fetch(HttpResponse<String> redirect, long from, Path part) throws IOException {
      URI elsewhere =
          redirect
              .headers()
              .firstValue("location")
              .map(redirect.uri()::resolve)
              .orElseThrow(() -> GraftApi.refused(redirect, redirect.body()));
      HttpRequest.Builder there = HttpRequest.newBuilder(elsewhere).timeout(GraftApi.PATIENCE);
      HttpResponse<String> answer = send(there, from, part);
      if (answer.statusCode() / 100 != 2)
        throw new ApiRefused(
            answer.statusCode(),
            elsewhere.getHost() + ", to which the server redirected, refused the download",
            null);
    }

    private HttpResponse<String> send(HttpRequest.Builder request, long from, Path part)
        throws IOException {
      request.header("accept", "application/octet-stream").GET();
      if (from > 0) request.header("range", "bytes=" + from + "-");
      try {
        return http.send(request.build(), into(part, from));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }

    /** Writes only the body of a 2xx answer to the file. */
    private static BodyHandler<String> into(Path part, long from) {
      return answer -> {
        if (answer.statusCode() / 100 != 2) return BodyHandlers.ofString().apply(answer);
        boolean rest = from > 0 && answer.statusCode() == 206;
        StandardOpenOption how =
            rest ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
        return BodySubscribers.mapping(
            BodyHandlers.ofFile(part, StandardOpenOption.WRITE, how).apply(answer), Path::toString);
      };
    }
  }

  /** Reads server-sent events (WHATWG HTML, 9.2) as they arrive. */
  static final class ServerEvents implements AutoCloseable {
    private final BufferedReader lines;

    ServerEvents(InputStream body) {
      lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    /**
     * A server-sent event.
     *
     * @param id empty if the event has none
     * @param name {@code message} if the event has none
     */
    record ServerEvent(String id, String name, String data) {}

    /** Returns the next event; empty at the end of the stream. */
    Optional<ServerEvent> next() throws IOException {
      String id = "";
      String name = "message";
      StringBuilder data = new StringBuilder();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.isEmpty()) {
          if (data.isEmpty()) continue;
          return Optional.of(new ServerEvent(id, name, data.substring(1)));
        }
        int colon = line.indexOf(':');
        String field = colon < 0 ? line : line.substring(0, colon);
        String value = colon < 0 ? "" : line.substring(colon + 1).replaceFirst("^ ", "");
        switch (field) {
          case "id" -> id = value;
          case "event" -> name = value;
          case "data" -> data.append('\n').append(value);
          default -> {} // a comment, or a field that this client does not use
        }
      }
      return Optional.empty();
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }
}
