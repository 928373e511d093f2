package dev.graft.nemesis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.nemesis.Cluster.CuttableLink;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import org.junit.jupiter.api.Test;

/** A cut must look like a network that is gone, not like a server that is. */
class CuttableLinkTests {
  private static final int PATIENCE_MS = 300;

  @Test
  void aCutDeliversNothingAndAMendedLinkWhatWasSentMeanwhile() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        CuttableLink link =
            new CuttableLink(URI.create("http://127.0.0.1:" + server.getLocalPort()));
        Socket worker = new Socket(link.url().getHost(), link.url().getPort());
        Socket served = server.accept()) {
      served.setSoTimeout(PATIENCE_MS);
      worker.getOutputStream().write('a');
      assertThat(served.getInputStream().read()).isEqualTo('a');

      link.cut();
      worker.getOutputStream().write('b');
      assertThatThrownBy(() -> served.getInputStream().read())
          .isInstanceOf(SocketTimeoutException.class);

      link.mend();
      served.setSoTimeout(0);
      assertThat(served.getInputStream().read()).isEqualTo('b');
      worker.close();
      assertThat(served.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void whoConnectsDuringACutIsLetInAndWaits() throws IOException {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        CuttableLink link =
            new CuttableLink(URI.create("http://127.0.0.1:" + server.getLocalPort()))) {
      server.setSoTimeout(PATIENCE_MS);
      link.cut();
      try (Socket worker = new Socket(link.url().getHost(), link.url().getPort())) {
        worker.getOutputStream().write('c');
        assertThatThrownBy(server::accept).isInstanceOf(SocketTimeoutException.class);

        link.mend();
        server.setSoTimeout(0);
        try (Socket served = server.accept()) {
          assertThat(served.getInputStream().read()).isEqualTo('c');
        }
      }
    }
  }
}
