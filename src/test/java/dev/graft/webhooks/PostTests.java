package dev.graft.webhooks;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;

/** Answers that are meant to keep a server busy. */
class PostTests {
  /** Writes to a connection for as long as it is taken. */
  private interface Answer {
    void to(OutputStream out) throws IOException;
  }

  /** Returns the status; whatever is written, its writer must have ended by then. */
  private static int send(Answer answer) throws Exception {
    OutboundClient.OutboundGuard guard =
        new OutboundClient.OutboundGuard(List.of("127.0.0.0/8"), true, InetAddress::getAllByName);
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        OutboundClient post =
            new OutboundClient(guard, SSLContext.getDefault(), 1, Duration.ofSeconds(1))) {
      Future<?> writer =
          threads.submit(
              () -> {
                try (Socket socket = server.accept()) {
                  answer.to(socket.getOutputStream());
                } catch (IOException closed) {
                  // as it should be
                }
              });
      try {
        return post.send(
            URI.create("http://127.0.0.1:" + server.getLocalPort()), Map.of("a", "b"), "{}");
      } finally {
        writer.get();
      }
    }
  }

  private static void endlessly(OutputStream out, String piece) throws IOException {
    while (true) out.write(piece.getBytes(US_ASCII));
  }

  @Test
  void nothingIsReadBehindTheHead() throws Exception {
    assertThat(
            send(
                out -> {
                  out.write("HTTP/1.1 202 Accepted\r\n\r\n".getBytes(US_ASCII));
                  endlessly(out, "a".repeat(1000));
                }))
        .isEqualTo(202);
  }

  @Test
  void aLineOfTheHeadHasAnEnd() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                send(
                    out -> {
                      out.write("HTTP/1.1 200 OK\r\nA: ".getBytes(US_ASCII));
                      endlessly(out, "a".repeat(1000));
                    }));
  }

  @Test
  void soHasTheHead() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(
            () ->
                send(
                    out -> {
                      out.write("HTTP/1.1 200 OK\r\n".getBytes(US_ASCII));
                      endlessly(out, "A: b\r\n");
                    }));
  }
}
