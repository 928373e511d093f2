package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A download that breaks off, from a server that closes the connection. */
class FileDownloadTests {
  private static final int MOST = 40_000;

  @TempDir private Path directory;
  private final byte[] content = new byte[100_000];
  private final List<String> ranges = new CopyOnWriteArrayList<>();
  private HttpServer server;

  @BeforeEach
  void start() throws IOException {
    new Random(1).nextBytes(content);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/some", exchange -> some(exchange, true));
    server.createContext("/v1/whole", exchange -> some(exchange, false));
    server.createContext("/v1/none", this::nothing);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  /** Announces all that is left and sends a part of it. */
  private void some(HttpExchange exchange, boolean resumes) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("range");
    ranges.add(String.valueOf(range));
    int from = 0;
    if (range != null && resumes) from = Integer.parseInt(range.replaceAll("\\D", ""));
    exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
    int most = resumes || ranges.size() < 2 ? MOST : content.length;
    exchange.getResponseBody().write(content, from, Math.min(most, content.length - from));
    exchange.getResponseBody().flush();
    exchange.close();
  }

  private void nothing(HttpExchange exchange) throws IOException {
    ranges.add("");
    exchange.sendResponseHeaders(200, content.length);
    exchange.close();
  }

  private byte[] downloaded(String path) throws IOException {
    Path file = directory.resolve("file");
    URI address = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    try (GraftApi api = new GraftApi(address, "key")) {
      api.download(path, file);
    } finally {
      try (var left = Files.list(directory)) {
        assertThat(left).allMatch(file::equals);
      }
    }
    return Files.readAllBytes(file);
  }

  @Test
  void itGoesOnWhereItBrokeOff() throws IOException {
    assertThat(Arrays.equals(downloaded("/v1/some"), content)).isTrue();
    assertThat(ranges).containsExactly("null", "bytes=40000-", "bytes=80000-");
  }

  @Test
  void itBeginsAnewWhereTheServerKnowsNoRanges() throws IOException {
    assertThat(Arrays.equals(downloaded("/v1/whole"), content)).isTrue();
    assertThat(ranges).hasSize(2);
  }

  @Test
  void itEndsWhereNothingComes() {
    assertThatExceptionOfType(NoAnswer.class).isThrownBy(() -> downloaded("/v1/none"));
    assertThat(ranges).hasSizeGreaterThanOrEqualTo(3);
  }
}
