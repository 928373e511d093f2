package dev.graft.worker;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * A download that is given up when nothing arrives for a while: the HTTP client's own deadline ends
 * with the headers, and a link that went down says nothing.
 */
final class StallGuard extends FilterInputStream {
  private final Duration patience;
  private volatile long reads;
  private volatile boolean stalled;
  private volatile boolean closed;

  StallGuard(InputStream in, Duration patience) {
    super(in);
    this.patience = patience;
    watch(0);
  }

  private void watch(long readsBefore) {
    CompletableFuture.delayedExecutor(patience.toMillis(), TimeUnit.MILLISECONDS)
        .execute(
            () -> {
              if (closed) return;
              if (reads != readsBefore) {
                watch(reads);
              } else {
                stalled = true;
                closeQuietly();
              }
            });
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) {
    try {
      int count = super.read(buffer, offset, length);
      if (stalled) throw new IOException("nothing arrived for " + patience.toSeconds() + " s");
      reads = reads + 1;
      return count;
    } catch (IOException e) {
      throw new UncheckedIOException(e); // the network, not this machine: may be tried again
    }
  }

  @Override
  public void close() throws IOException {
    closed = true;
    super.close();
  }

  private void closeQuietly() {
    try {
      super.close();
    } catch (IOException e) {
      // The reader learns of it by its next read.
    }
  }
}
