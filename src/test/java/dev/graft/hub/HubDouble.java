package dev.graft.hub;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
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
 * A hub of models in memory, as far as {@code huggingface_hub} and Graft ask it: commits, listings
 * in pages, contents with ranges, large ones on another host, errors with their codes. The real
 * {@code huggingface_hub} downloads from it in the {@code sdk} profile.
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
              String[] parts = exchange.getRequestURI().getPath().substring(1).split("/", 3);
              Repository model = models.get(parts[0] + "/" + parts[1]);
              content(exchange, model.files().get(parts[2]));
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
        hex(
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

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String[] parts =
        path.startsWith("/api/models/")
            ? path.substring(12).split("/", 4)
            : path.substring(1).split("/", 5);
    Repository model = parts.length < 2 ? null : models.get(parts[0] + "/" + parts[1]);
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
    String revision = parts.length > 3 ? parts[3] : "main";
    if (!path.startsWith("/api/")) {
      resolve(exchange, model, parts);
    } else if (!revision.equals("main") && !revision.equals(model.commit())) {
      error(exchange, 404, "RevisionNotFound", "Invalid rev id: " + revision);
    } else if (parts.length > 2 && parts[2].equals("tree")) {
      tree(exchange, model);
    } else {
      info(exchange, parts[0] + "/" + parts[1], model);
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

  private void tree(HttpExchange exchange, Repository model) throws IOException {
    List<String> names = List.copyOf(model.files().keySet());
    String query = String.valueOf(exchange.getRequestURI().getQuery());
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
              "<%s%s?cursor=%d>; rel=\"next\""
                  .formatted(url(), exchange.getRequestURI().getPath(), to));
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
    String git = gitSha(bytes);
    String lfs =
        bytes.length < LARGE
            ? ""
            : ",\"lfs\":{\"oid\":\"%s\",\"size\":%d,\"pointerSize\":134}"
                .formatted(hex("SHA-256", bytes), bytes.length);
    return "{\"type\":\"file\",\"oid\":\"%s\",\"size\":%d,\"path\":\"%s\"%s}"
        .formatted(git, bytes.length, name, lfs);
  }

  /** {@code /org/name/resolve/revision/file}. */
  private void resolve(HttpExchange exchange, Repository model, String[] parts) throws IOException {
    byte[] bytes = parts.length < 5 ? null : model.files().get(parts[4]);
    if (bytes == null) {
      exchange.getResponseHeaders().add("X-Repo-Commit", model.commit());
      error(exchange, 404, "EntryNotFound", "Entry not found");
      return;
    }
    bytes = damaged.getOrDefault(parts[0] + "/" + parts[1] + "/" + parts[4], bytes);
    exchange.getResponseHeaders().add("X-Repo-Commit", model.commit());
    boolean large = bytes.length >= LARGE;
    exchange.getResponseHeaders().add("ETag", '"' + gitSha(bytes) + '"');
    if (large) {
      exchange.getResponseHeaders().add("X-Linked-Etag", '"' + hex("SHA-256", bytes) + '"');
      exchange.getResponseHeaders().add("X-Linked-Size", Integer.toString(bytes.length));
      exchange
          .getResponseHeaders()
          .add(
              "Location",
              "http://localhost:%d/%s/%s/%s"
                  .formatted(elsewhere.getAddress().getPort(), parts[0], parts[1], parts[4]));
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

  private static String gitSha(byte[] bytes) {
    byte[] head = ("blob " + bytes.length + "\0").getBytes(UTF_8);
    byte[] all = new byte[head.length + bytes.length];
    System.arraycopy(head, 0, all, 0, head.length);
    System.arraycopy(bytes, 0, all, head.length, bytes.length);
    return hex("SHA-1", all);
  }

  private static String hex(String algorithm, byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    elsewhere.stop(0);
  }
}
