package dev.graft.client;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
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
 * Calls of one server with one key. Paths begin with {@code /v1/}. Files are streamed both ways.
 *
 * <p>What is harmless to send twice is sent again, twice at most, after a busy answer or none. Any
 * answer other than 2xx is an {@link ApiRefused}; a server that does not answer a {@link NoAnswer}.
 */
public final class GraftApi implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** As the SDKs have it: a part of 64 MiB may come over a slow line. */
  static final Duration PATIENCE = Duration.ofMinutes(10);

  private static final String IDEMPOTENCY = "idempotency-key";
  private static final int RETRIES = 2;
  static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Set<Integer> BUSY = Set.of(429, 503);

  private final HttpClient http;
  private final String server;
  private final Supplier<String> key;

  /**
   * @param server the server's address, with or without {@code /v1} at its end
   */
  public GraftApi(URI server, String key) {
    this(server, () -> key, HttpClient.newHttpClient());
  }

  /**
   * @param key asked for before every request
   * @param http with what it shall believe of certificates
   */
  public GraftApi(URI server, Supplier<String> key, HttpClient http) {
    this.http = http;
    this.server = server.toString().replaceFirst("/+(v1/*)?$", "");
    this.key = key;
  }

  /** The answer to {@code GET path}. */
  public JsonNode get(String path) {
    return json(request(path).GET());
  }

  /** The answer to {@code POST path} with a JSON body. */
  public JsonNode post(String path, JsonNode body) {
    return json(
        request(path)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body.toString())));
  }

  /** As {@link #post(String, JsonNode)}, of plain maps, lists and values. */
  public JsonNode post(String path, Map<String, ?> body) {
    return post(path, JSON.<JsonNode>valueToTree(body));
  }

  /** As {@link #post(String, JsonNode)}, for a thing that is made once however often it is sent. */
  public JsonNode create(String path, JsonNode body) {
    return json(
        request(path)
            .header("content-type", "application/json")
            .header(IDEMPOTENCY, UUID.randomUUID().toString())
            .POST(BodyPublishers.ofString(body.toString())));
  }

  /** The answer to {@code DELETE path}. */
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
   * Writes the bytes of {@code GET path} into a file, which appears only when they are whole. What
   * breaks off is resumed.
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
   * Opens the event stream of {@code GET path}; not sent again by itself.
   *
   * @param last id of the last event that came, or null to begin with the first
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

  /** Any answer but a refusal. */
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

  /** Whether sending it twice does what sending it once does. */
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
      return "the answer is not Graft's; is the address right, with http or https?";
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
