package dev.graft.worker;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Between a worker and its server: passes all on, and spoils signatures of links to upload by. */
final class LinkSpoiler implements AutoCloseable {
  private static final Set<String> PASSED =
      Set.of("authorization", "content-type", "graft-lease", "graft-protocol");

  private final HttpServer here;
  private final URI server;
  private final HttpClient client = HttpClient.newHttpClient();
  private final AtomicInteger toSpoil = new AtomicInteger();
  private final AtomicLong uploaded = new AtomicLong();

  private LinkSpoiler(HttpServer here, URI server) {
    this.here = here;
    this.server = server;
  }

  static LinkSpoiler before(URI server) throws IOException {
    HttpServer here =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    LinkSpoiler spoiler = new LinkSpoiler(here, server);
    here.createContext("/", spoiler::pass);
    here.start();
    return spoiler;
  }

  URI url() {
    return URI.create("http://127.0.0.1:" + here.getAddress().getPort());
  }

  /** The next so many. */
  void spoil(int links) {
    toSpoil.set(links);
  }

  /** Bytes of files that came this way. */
  long uploaded() {
    return uploaded.get();
  }

  private void pass(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    if (exchange.getRequestMethod().equals("PUT")) uploaded.addAndGet(body.length);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(server.resolve(exchange.getRequestURI().toString()))
            .method(exchange.getRequestMethod(), BodyPublishers.ofByteArray(body));
    exchange
        .getRequestHeaders()
        .forEach(
            (name, values) -> {
              if (PASSED.contains(name.toLowerCase(java.util.Locale.ROOT))) {
                request.header(name, values.getFirst());
              }
            });
    try {
      HttpResponse<byte[]> answer = client.send(request.build(), BodyHandlers.ofByteArray());
      byte[] told = answer.body();
      boolean link = exchange.getRequestURI().getPath().endsWith("/link");
      if (link && toSpoil.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        told =
            new String(told, UTF_8)
                .replace("X-Amz-Signature=", "X-Amz-Signature=0")
                .getBytes(UTF_8);
      }
      exchange.sendResponseHeaders(answer.statusCode(), told.length == 0 ? -1 : told.length);
      exchange.getResponseBody().write(told);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } finally {
      exchange.close();
    }
  }

  @Override
  public void close() {
    here.stop(0);
    client.close();
  }
}
