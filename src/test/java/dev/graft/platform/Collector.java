package dev.graft.platform;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.zip.GZIPInputStream;
import org.springframework.mock.env.MockEnvironment;

/** A collector of traces: takes OTLP over HTTP, and nothing else. */
public final class Collector implements AutoCloseable {
  private final HttpServer server;
  private final List<Seen> spans = new CopyOnWriteArrayList<>();
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);

  /**
   * @param parent id of the span that it follows, empty = it begins the trace
   * @param status 2 = failed
   */
  public record Seen(
      String trace,
      String id,
      String parent,
      String name,
      int kind,
      int status,
      long start,
      long end,
      Map<String, String> attributes,
      String service) {}

  public Collector() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.createContext("/", this::take);
    server.start();
  }

  /** Of a process that sends here what belongs to the traces of others. */
  public Traces traces(String service) {
    MockEnvironment settings =
        new MockEnvironment()
            .withProperty("OTEL_EXPORTER_OTLP_ENDPOINT", url())
            .withProperty("OTEL_SERVICE_NAME", service);
    return Traces.of(settings, Clock.systemUTC());
  }

  public String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  public List<Seen> spans() {
    return List.copyOf(spans);
  }

  public List<Seen> spans(String trace) {
    return spans.stream().filter(each -> each.trace().equals(trace)).toList();
  }

  /** Methods and paths. */
  public List<String> requests() {
    return List.copyOf(requests);
  }

  String header(String name) {
    return headers.get(name);
  }

  private void take(HttpExchange exchange) throws IOException {
    requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
    exchange.getRequestHeaders().forEach((name, values) -> headers.put(name, values.getFirst()));
    byte[] body = exchange.getRequestBody().readAllBytes();
    if ("gzip".equals(exchange.getRequestHeaders().getFirst("content-encoding"))) {
      try (InputStream whole = new GZIPInputStream(new ByteArrayInputStream(body))) {
        body = whole.readAllBytes();
      }
    }
    for (ProtobufMessage of : ProtobufMessage.read(body).messages(1)) {
      String service = attributes(of.messages(1).getFirst(), 1).get("service.name");
      of.messages(2).stream()
          .flatMap(scope -> scope.messages(2).stream())
          .forEach(span -> spans.add(seen(span, service)));
    }
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  private static Seen seen(ProtobufMessage span, String service) {
    return new Seen(
        HexFormat.of().formatHex(span.bytes(1)),
        HexFormat.of().formatHex(span.bytes(2)),
        HexFormat.of().formatHex(span.bytes(4)),
        span.text(5),
        (int) span.number(6),
        span.messages(15).stream().mapToInt(status -> (int) status.number(3)).sum(),
        span.number(7),
        span.number(8),
        attributes(span, 9),
        service);
  }

  private static Map<String, String> attributes(ProtobufMessage of, int field) {
    Map<String, String> attributes = new TreeMap<>();
    for (ProtobufMessage each : of.messages(field)) {
      ProtobufMessage value = each.messages(2).getFirst();
      attributes.put(each.text(1), value.has(1) ? value.text(1) : Long.toString(value.number(3)));
    }
    return attributes;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
