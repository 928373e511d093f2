package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import dev.graft.Concurrent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;

/** Watching a job of a server whose streams do as a test says. */
@Timeout(60)
@Concurrent
class JobWatchTests {
  private static final String JOB = "/v1/fine_tuning/jobs/ftjob-1";
  private static final String EVENT =
      "retry: 2000\n\n"
          + ": keep-alive\n\n"
          + "id: %s\n"
          + "event: metrics\n"
          + "data: {\"data\":{\"train_loss\":1}}\n\n";

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<String> resumed = new CopyOnWriteArrayList<>();
  private final AtomicInteger asked = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile String status = "running";
  private HttpServer server; // set before each test

  @BeforeEach
  void aServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(JOB, this::job);
    server.createContext(
        JOB + "/events",
        exchange -> {
          asked.incrementAndGet();
          answer(exchange, 200, "{\"data\":[]}");
        });
    server.start();
  }

  @AfterEach
  void noServer() {
    over.countDown();
    server.stop(0);
    threads.close();
  }

  @Test
  void aStreamThatBreaksIsResumedAfterTheLastEventThatCame() throws Exception {
    stream(
        exchange -> {
          String last = exchange.getRequestHeaders().getFirst("last-event-id");
          resumed.add(String.valueOf(last));
          try (OutputStream out = begin(exchange)) {
            write(out, EVENT.formatted("event-" + resumed.size()));
            if (resumed.size() < 3) return;
            status = "succeeded";
            write(out, "event: done\ndata: [DONE]\n\n");
            over.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        });
    assertThat(watched().get().path("status").asString()).isEqualTo("succeeded");
    assertThat(resumed).containsExactly("null", "event-1", "event-2");
  }

  @Test
  void withoutAStreamTheServerIsAskedFromTimeToTime() throws Exception {
    stream(exchange -> answer(exchange, 404, "{}"));
    CompletableFuture<JsonNode> watched = watched();
    await().until(() -> asked.get() >= 3);
    status = "failed";
    assertThat(watched.get().path("status").asString()).isEqualTo("failed");
  }

  @Test
  void aJobThatEndsIsSeenThoughItsStreamIsSilent() throws Exception {
    stream(
        exchange -> {
          try (OutputStream out = begin(exchange)) {
            write(out, EVENT.formatted("event-1"));
            status = "cancelled";
            over.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        });
    assertThat(watched().get().path("status").asString()).isEqualTo("cancelled");
  }

  @Test
  void withoutATerminalOnlyWhatIsNewIsALine() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    ByteArrayOutputStream lines =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void flush() {
            if (toString(StandardCharsets.UTF_8).contains("queued")) told.countDown();
          }
        };
    stream(exchange -> answer(exchange, 404, "{}"));
    CompletableFuture<JsonNode> watched =
        watched(new Screen(new PrintStream(lines), new PrintStream(lines, true), false));
    await().until(() -> asked.get() >= 4); // the same step, four times
    status = "queued"; // at once, though a line was just printed
    told.await();
    status = "succeeded";
    watched.get();
    assertThat(lines.toString(StandardCharsets.UTF_8).lines())
        .containsExactly("  • training     11 %  step 1/9", "  • queued      ");
  }

  private void stream(HttpHandler stream) {
    server.createContext(JOB + "/events/stream", stream);
  }

  private CompletableFuture<JsonNode> watched() {
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    return watched(new Screen(nowhere, nowhere, true));
  }

  private CompletableFuture<JsonNode> watched(Screen screen) {
    URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    return CompletableFuture.supplyAsync(
        () -> {
          try (GraftApi api = new GraftApi(url, "key")) {
            return new JobWatch(api, screen).untilDone("ftjob-1");
          }
        },
        threads);
  }

  private void job(HttpExchange exchange) throws IOException {
    String job =
        "{\"id\":\"ftjob-1\",\"status\":\"%s\",\"progress\":{\"step\":1,\"total_steps\":9}}";
    answer(exchange, 200, job.formatted(status));
  }

  private static OutputStream begin(HttpExchange exchange) throws IOException {
    exchange.getResponseHeaders().set("content-type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    return exchange.getResponseBody();
  }

  private static void write(OutputStream out, String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }
}
