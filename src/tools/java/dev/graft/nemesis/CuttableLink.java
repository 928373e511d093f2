package dev.graft.nemesis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;

/**
 * The network between a worker and a server. While it is cut, it accepts data but delivers none,
 * without closing connections; when repaired, it delivers the data late, as TCP does.
 */
final class CuttableLink implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private final InetSocketAddress to;
  private final ServerSocket listener;
  private boolean cut;

  /**
   * @param server to which all leads
   */
  CuttableLink(URI server) {
    to = new InetSocketAddress(server.getHost(), server.getPort());
    try {
      listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
    } catch (IOException none) {
      throw new UncheckedIOException(none);
    }
    Thread.ofPlatform().daemon().name("link").start(this::accept);
  }

  /** What a worker takes for the server. */
  public URI url() {
    return URI.create("http://127.0.0.1:" + listener.getLocalPort());
  }

  public synchronized void cut() {
    cut = true;
  }

  public synchronized void mend() {
    cut = false;
    notifyAll();
  }

  private synchronized void awaitWhole() throws InterruptedException {
    while (cut) wait();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        Socket worker = listener.accept();
        Thread.startVirtualThread(() -> carry(worker));
      } catch (IOException closed) {
        return;
      }
    }
  }

  private void carry(Socket worker) {
    try {
      awaitWhole();
      Socket server = new Socket();
      server.connect(to);
      Thread.startVirtualThread(() -> pump(server, worker));
      pump(worker, server);
    } catch (IOException serverIsGone) {
      close(worker);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Until one end closes. */
  private void pump(Socket from, Socket to) {
    byte[] buffer = new byte[BUFFER];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        awaitWhole();
        out.write(buffer, 0, n);
      }
      awaitWhole();
    } catch (IOException ended) {
      // The other direction ends with it.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close(from);
      close(to);
    }
  }

  private static void close(Socket socket) {
    try {
      socket.close();
    } catch (IOException gone) {
      // It is.
    }
  }

  @Override
  public void close() {
    mend();
    try {
      listener.close();
    } catch (IOException gone) {
      // It is.
    }
  }
}
