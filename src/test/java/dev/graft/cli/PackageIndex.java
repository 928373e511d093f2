package dev.graft.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A package index on this machine, which breaks off and forgets as real ones do. */
final class PackageIndex implements AutoCloseable {
  final Map<String, byte[]> files = new ConcurrentHashMap<>();

  /** Each as {@code PATH RANGE AUTHORIZATION}. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  volatile boolean ranges = true;
  volatile int breaksOffAfter = Integer.MAX_VALUE;
  volatile String filesAt = "../../files/";
  private final HttpServer server;

  PackageIndex() throws IOException {
    server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/simple/", this::page);
    server.createContext("/files/", this::file);
    server.createContext("/moved/", this::moved);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  URI url(String path) {
    return URI.create("http://127.0.0.1:" + port() + path);
  }

  private void note(HttpExchange exchange) {
    var headers = exchange.getRequestHeaders();
    requests.add(
        "%s %s %s"
            .formatted(
                exchange.getRequestURI().getPath(),
                headers.getFirst("Range"),
                headers.getFirst("Authorization")));
  }

  private void page(HttpExchange exchange) throws IOException {
    note(exchange);
    String project = exchange.getRequestURI().getPath().split("/")[2];
    StringBuilder html = new StringBuilder("<html><a href='%zz'>not a link</a>");
    for (String name : files.keySet()) {
      if (!name.startsWith(project.replace('-', '_') + "-")) continue;
      html.append(
          "<a class=\"x\" href=\"%s%s?a=1&amp;b=2#sha256=0\">%s</a><br/>\n"
              .formatted(filesAt, name, name));
    }
    send(exchange, 200, html.toString().getBytes(StandardCharsets.UTF_8));
  }

  private void moved(HttpExchange exchange) throws IOException {
    note(exchange);
    String name = exchange.getRequestURI().getPath().substring("/moved/".length());
    exchange.getResponseHeaders().add("Location", "http://localhost:" + port() + "/files/" + name);
    send(exchange, 302, new byte[0]);
  }

  private void file(HttpExchange exchange) throws IOException {
    note(exchange);
    byte[] all = files.get(exchange.getRequestURI().getPath().substring("/files/".length()));
    String range = exchange.getRequestHeaders().getFirst("Range");
    if (range == null || !ranges) {
      send(exchange, 200, all);
      return;
    }
    int start = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
    if (start >= all.length) {
      send(exchange, 416, new byte[0]);
      return;
    }
    exchange
        .getResponseHeaders()
        .add("Content-Range", "bytes %d-%d/%d".formatted(start, all.length - 1, all.length));
    send(exchange, 206, Arrays.copyOfRange(all, start, all.length));
  }

  private void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    int sent = status / 100 == 2 ? Math.min(breaksOffAfter, body.length) : body.length;
    if (exchange.getRequestURI().getPath().startsWith("/simple/")) sent = body.length;
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body, 0, sent);
    exchange.getResponseBody().flush();
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
