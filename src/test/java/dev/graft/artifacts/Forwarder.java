package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** A network between a client and a server that lets only so many bytes pass. */
public final class Forwarder implements AutoCloseable {
  private final ServerSocket socket;
  private final URI server;
  private final List<Socket> open = new CopyOnWriteArrayList<>();

  /** Of all connections together. */
  private final AtomicLong requestBytes;

  /** Of each connection. */
  private final long answerBytes;

  private final CountDownLatch stalled = new CountDownLatch(1);

  private Forwarder(URI server, long requestBytes, long answerBytes) throws IOException {
    this.server = server;
    this.requestBytes = new AtomicLong(requestBytes);
    this.answerBytes = answerBytes;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  /** After so many bytes of requests nothing more reaches the server. */
  public static Forwarder stallingAfter(URI server, long bytes) throws IOException {
    return new Forwarder(server, bytes, Long.MAX_VALUE);
  }

  /** Each connection is cut when so many bytes came back over it. */
  public static Forwarder cuttingAfter(URI server, long bytes) throws IOException {
    return new Forwarder(server, Long.MAX_VALUE, bytes);
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort());
  }

  public void awaitStall() throws InterruptedException {
    stalled.await();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = socket.accept();
        Socket upstream = new Socket(server.getHost(), server.getPort());
        open.addAll(List.of(client, upstream));
        Thread.ofVirtual().start(() -> requests(client, upstream));
        Thread.ofVirtual().start(() -> answers(upstream, client));
      }
    } catch (IOException closed) {
      // By the test.
    }
  }

  private void requests(Socket from, Socket to) {
    byte[] piece = new byte[8192];
    try (InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
        if (requestBytes.addAndGet(-n) < 0) {
          stalled.countDown();
          new CountDownLatch(1).await();
        }
        out.write(piece, 0, n);
      }
    } catch (IOException | InterruptedException ended) {
      // As connections do.
    }
  }

  private void answers(Socket from, Socket to) {
    byte[] piece = new byte[8192];
    long left = answerBytes;
    try (from;
        to;
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream()) {
      for (int n = in.read(piece); n >= 0 && left > 0; n = in.read(piece)) {
        out.write(piece, 0, (int) Math.min(n, left));
        left -= n;
      }
    } catch (IOException ended) {
      // As connections do.
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    for (Socket each : open) each.close();
  }
}
