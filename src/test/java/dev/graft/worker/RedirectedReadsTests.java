package dev.graft.worker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpServer;
import dev.graft.jobs.lease.LeaseWire;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server that sends its workers to a bucket for what they read. */
class RedirectedReadsTests {
  @TempDir Path directory;
  private final List<Headers> atServer = new CopyOnWriteArrayList<>();
  private final List<Headers> atBucket = new CopyOnWriteArrayList<>();
  private int bucketAnswers = 200;
  private HttpServer server;
  private HttpServer bucket;
  private WorkerHttp http;

  @BeforeEach
  void start() throws IOException {
    bucket = listening();
    bucket.createContext(
        "/",
        exchange -> {
          atBucket.add(exchange.getRequestHeaders());
          byte[] body = exchange.getRequestURI().getQuery().getBytes(UTF_8);
          exchange.sendResponseHeaders(bucketAnswers, body.length);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
          }
        });
    server = listening();
    server.createContext(
        "/",
        exchange -> {
          atServer.add(exchange.getRequestHeaders());
          exchange.getResponseHeaders().set("location", uri(bucket) + "/blob?signed");
          exchange.sendResponseHeaders(302, -1);
          exchange.close();
        });
    http =
        new WorkerHttp(
            uri(server), "secret", TestWorker.settings(directory, uri(server).toString(), ""));
  }

  private static HttpServer listening() throws IOException {
    HttpServer each =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    each.start();
    return each;
  }

  private static URI uri(HttpServer server) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  @AfterEach
  void stop() {
    server.stop(0);
    bucket.stop(0);
  }

  @Test
  void theWorkerSaysThatItFollowsAndTellsTheBucketNothing() throws IOException {
    try (InputStream in = http.open("/blob")) {
      assertThat(in).hasContent("signed");
    }
    assertThat(atServer.getFirst().getFirst("Authorization")).isEqualTo("Bearer secret");
    assertThat(atServer.getFirst().containsKey(LeaseWire.FOLLOWS_HEADER)).isTrue();
    assertThat(atBucket.getFirst().keySet())
        .noneMatch(name -> name.toLowerCase().matches("authorization|graft-.*"));
  }

  @Test
  void aBucketThatRefusesMayGiveItToTheNextLink() {
    bucketAnswers = 403;
    assertThatExceptionOfType(UncheckedIOException.class)
        .isThrownBy(() -> http.open("/blob"))
        .withMessageContaining("127.0.0.1")
        .withMessageContaining("403")
        .withMessageNotContaining("signed");
  }
}
