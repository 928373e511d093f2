package dev.graft.artifacts.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.test.context.DynamicPropertyRegistry;

/**
 * A hub in memory of models and data sets, whose ids begin with {@code datasets/}, as far as {@code
 * huggingface_hub} and Graft ask it: commits, listings in pages, contents with ranges, large ones
 * on another host, errors with their codes. The real {@code huggingface_hub} downloads from it in
 * the {@code sdk} profile.
 */
public final class HubDouble implements AutoCloseable {
  /** From here on a file is of Git LFS, and lies on the other host. */
  private static final int LARGE = 100_000;

  private static final int PAGE = 3;
  private static final int CHUNK = 1 << 16;

  private final HttpServer hub;
  private final HttpServer elsewhere;
  private final Map<String, Repository> models = new ConcurrentHashMap<>();

  /** What was asked, such as {@code GET /api/models/a/b/revision/main}; with the range. */
  public final List<String> requests = Collections.synchronizedList(new ArrayList<>());

  /** Authorizations that the other host has seen. */
  public final List<String> leaked = Collections.synchronizedList(new ArrayList<>());

  /** Hears of each piece of content how many bytes it had. */
  public volatile IntConsumer sent = bytes -> {};

  /** So many bytes of contents are sent, then the connection ends. */
  private final AtomicLong breaksAfter = new AtomicLong(Long.MAX_VALUE);

  private volatile CountDownLatch open = new CountDownLatch(0);

  /** Large contents wait until {@link #goOn}. */
  public void hold() {
    open = new CountDownLatch(1);
  }

  public void goOn() {
    open.countDown();
  }

  /** What answers in the place of a repository, by its id. */
  public final Map<String, HttpHandler> rogues = new ConcurrentHashMap<>();

  private record Repository(
      String commit, SortedMap<String, byte[]> files, @Nullable String token, boolean gated) {}

  public HubDouble() throws IOException {
    hub = server(this::answer);
    elsewhere =
        server(
            exchange -> {
              awaitOpen();
              String authorization = exchange.getRequestHeaders().getFirst("authorization");
              if (authorization != null) leaked.add(authorization);
              Asked asked = Asked.of(exchange.getRequestURI().getPath(), 1);
              content(exchange, bytes(asked.id(), asked.rest()));
            });
  }

  private void awaitOpen() {
    try {
      open.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** For a field of a test class. */
  public static HubDouble started() {
    try {
      return new HubDouble();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A server that asks this hub, and has no cache. */
  public void configure(DynamicPropertyRegistry registry) {
    registry.add("graft.hub.endpoint", () -> url().toString());
    registry.add("graft.hub.cache", () -> "");
    registry.add("graft.hub.offline", () -> "false");
  }

  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private HttpServer server(Answer answer) throws IOException {
    InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    HttpServer server = HttpServer.create(free, 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            String range = exchange.getRequestHeaders().getFirst("range");
            requests.add(
                exchange.getRequestMethod()
                    + " "
                    + exchange.getRequestURI()
                    + (range == null ? "" : " " + range));
            answer.to(exchange);
          }
        });
    server.start();
    return server;
  }

  public URI url() {
    return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
  }

  /** The files of a directory, as a model that all may read; returns its commit. */
  public String add(String id, Path directory) throws IOException {
    return add(id, directory, null);
  }

  /** As a model that whoever has the token may read. */
  public String add(String id, Path directory, @Nullable String token) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path file : all.toList()) {
        files.put(file.getFileName().toString(), Files.readAllBytes(file));
      }
    }
    return add(id, files, token, false);
  }

  /** A model that all may read; returns its commit. */
  public String add(String id, Map<String, byte[]> files) {
    return add(id, files, null, false);
  }

  /**
   * @param token whoever has it may read the model; null: all
   * @param gated whether the hub says so to whom has none
   */
  public String add(String id, Map<String, byte[]> files, @Nullable String token, boolean gated) {
    SortedMap<String, byte[]> sorted = new TreeMap<>(files);
    String commit =
        HubHashes.hex(
            "SHA-1",
            (id + sorted.keySet() + sorted.values().stream().map(b -> b.length).toList())
                .getBytes(UTF_8));
    models.put(id, new Repository(commit, sorted, token, gated));
    return commit;
  }

  /** Replaces a content behind the listing's back. */
  public void damage(String id, String file) {
    byte[] bytes = models.get(id).files().get(file).clone();
    bytes[bytes.length / 2] ^= 1;
    damaged.put(id + "/" + file, bytes);
  }

  private final Map<String, byte[]> damaged = new ConcurrentHashMap<>();

  /** Breaks off once, when so many bytes of contents have been sent. */
  public void breakAfter(long bytes) {
    breaksAfter.set(bytes);
  }

  /**
   * What is asked for.
   *
   * @param id with {@code datasets/} before that of a data set
   * @param rest of the path, after the slash; empty: nothing
   */
  private record Asked(String id, String rest) {
    static Asked of(String path, int from) {
      String plain = path.substring(from);
      String kind = plain.startsWith("datasets/") ? "datasets/" : "";
      String[] parts = plain.substring(kind.length()).split("/", 3);
      return new Asked(
          kind + parts[0] + "/" + (parts.length > 1 ? parts[1] : ""),
          parts.length > 2 ? parts[2] : "");
    }
  }

  private byte[] bytes(String id, String file) {
    return damaged.getOrDefault(id + "/" + file, models.get(id).files().get(file));
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    boolean api = path.startsWith("/api/");
    Asked asked =
        path.startsWith("/api/models/")
            ? Asked.of(path, "/api/models/".length())
            : Asked.of(path, api ? "/api/".length() : 1);
    HttpHandler rogue = rogues.get(asked.id());
    if (rogue != null) {
      rogue.handle(exchange);
      return;
    }
    Repository model = models.get(asked.id());
    if (model == null) {
      error(exchange, 401, "RepoNotFound", "Invalid username or password.");
      return;
    }
    String authorization = exchange.getRequestHeaders().getFirst("authorization");
    if (model.token() != null && !("Bearer " + model.token()).equals(authorization)) {
      if (model.gated()) error(exchange, 401, "GatedRepo", "Access to this model is restricted.");
      else error(exchange, 401, "RepoNotFound", "Invalid username or password.");
      return;
    }
    String[] parts = asked.rest().split("/", 3);
    String revision = parts.length > 1 ? parts[1] : "main";
    if (!api) {
      resolve(exchange, asked.id(), model, parts);
    } else if (!revision.equals("main") && !revision.equals(model.commit())) {
      error(exchange, 404, "RevisionNotFound", "Invalid rev id: " + revision);
    } else if (parts[0].equals("tree")) {
      tree(exchange, model, parts.length > 2 ? parts[2] + "/" : "");
    } else {
      info(exchange, asked.id().replaceFirst("^datasets/", ""), model);
    }
  }

  private static void info(HttpExchange exchange, String id, Repository model) throws IOException {
    String siblings =
        model.files().keySet().stream()
            .map("{\"rfilename\":\"%s\"}"::formatted)
            .collect(Collectors.joining(","));
    json(
        exchange,
        "{\"id\":\"%s\",\"modelId\":\"%s\",\"sha\":\"%s\",\"private\":false,\"disabled\":false,\"tags\":[],\"downloads\":0,\"likes\":0,\"siblings\":[%s]}"
            .formatted(id, id, model.commit(), siblings));
  }

  private void tree(HttpExchange exchange, Repository model, String under) throws IOException {
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    boolean recursive = query.toLowerCase(Locale.ROOT).contains("recursive=true");
    List<String> names =
        model.files().keySet().stream()
            .filter(name -> name.startsWith(under))
            .filter(name -> recursive || name.indexOf('/', under.length()) < 0)
            .toList();
    int from =
        query.contains("cursor=")
            ? Integer.parseInt(query.replaceAll(".*cursor=(\\d+).*", "$1"))
            : 0;
    int to = Math.min(from + PAGE, names.size());
    if (to < names.size()) {
      exchange
          .getResponseHeaders()
          .add(
              "Link",
              "<%s%s?cursor=%d%s>; rel=\"next\""
                  .formatted(
                      url(),
                      exchange.getRequestURI().getPath(),
                      to,
                      recursive ? "&recursive=true" : ""));
    }
    json(
        exchange,
        names.subList(from, to).stream()
            .map(name -> entry(name, model.files().get(name)))
            .collect(
                Collectors.joining(
                    ",",
                    "[{\"type\":\"directory\",\"oid\":\"00\",\"size\":0,\"path\":\"onnx\"},",
                    "]")));
  }

  private static String entry(String name, byte[] bytes) {
    String git = HubHashes.git(bytes);
    String lfs =
        bytes.length < LARGE
            ? ""
            : ",\"lfs\":{\"oid\":\"%s\",\"size\":%d,\"pointerSize\":134}"
                .formatted(HubHashes.hex("SHA-256", bytes), bytes.length);
    return "{\"type\":\"file\",\"oid\":\"%s\",\"size\":%d,\"path\":\"%s\"%s}"
        .formatted(git, bytes.length, name, lfs);
  }

  /**
   * @param parts {@code resolve}, revision and file
   */
  private void resolve(HttpExchange exchange, String id, Repository model, String[] parts)
      throws IOException {
    byte[] bytes = parts.length < 3 ? null : bytes(id, parts[2]);
    exchange.getResponseHeaders().add("X-Repo-Commit", model.commit());
    if (bytes == null) {
      error(exchange, 404, "EntryNotFound", "Entry not found");
      return;
    }
    boolean large = bytes.length >= LARGE;
    exchange.getResponseHeaders().add("ETag", '"' + HubHashes.git(bytes) + '"');
    if (large) {
      exchange
          .getResponseHeaders()
          .add("X-Linked-Etag", '"' + HubHashes.hex("SHA-256", bytes) + '"');
      exchange.getResponseHeaders().add("X-Linked-Size", Integer.toString(bytes.length));
      exchange
          .getResponseHeaders()
          .add(
              "Location",
              "http://localhost:%d/%s/%s"
                  .formatted(elsewhere.getAddress().getPort(), id, parts[2]));
      exchange.sendResponseHeaders(302, -1);
      return;
    }
    content(exchange, bytes);
  }

  private void content(HttpExchange exchange, byte[] bytes) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("range");
    int from = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-.*", "$1"));
    if (from >= bytes.length && range != null) {
      exchange.sendResponseHeaders(416, -1);
      return;
    }
    if (range != null) {
      exchange
          .getResponseHeaders()
          .add("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
    }
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.getResponseHeaders().add("Content-Length", Integer.toString(bytes.length));
      exchange.sendResponseHeaders(200, -1);
      return;
    }
    exchange.sendResponseHeaders(range == null ? 200 : 206, bytes.length - from);
    for (int at = from; at < bytes.length; at += CHUNK) {
      int length = Math.min(CHUNK, bytes.length - at);
      if (breaksAfter.addAndGet(-length) < 0) {
        breaksAfter.set(Long.MAX_VALUE);
        throw new IOException("the connection breaks off, as the test wishes");
      }
      exchange.getResponseBody().write(bytes, at, length);
      sent.accept(length);
    }
  }

  private static void json(HttpExchange exchange, String body) throws IOException {
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    byte[] bytes = body.getBytes(UTF_8);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private static void error(HttpExchange exchange, int status, String code, String message)
      throws IOException {
    exchange.getResponseHeaders().add("X-Error-Code", code);
    exchange.getResponseHeaders().add("X-Error-Message", message);
    exchange.sendResponseHeaders(status, -1);
  }

  @Override
  public void close() {
    hub.stop(0);
    elsewhere.stop(0);
  }
}
