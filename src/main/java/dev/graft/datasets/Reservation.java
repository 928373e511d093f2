package dev.graft.datasets;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;

/** Room and a place for one upload, given back at its end whatever that is. */
final class Reservation implements AutoCloseable {
  private static final long RENEWED_EVERY = Duration.ofMinutes(1).toNanos();

  private final StorageReservations all;
  private final String id;
  private final String departmentId;
  private final long bytes;
  private long renewed = System.nanoTime();

  Reservation(StorageReservations all, String id, String departmentId, long bytes) {
    this.all = all;
    this.id = id;
    this.departmentId = departmentId;
    this.bytes = bytes;
  }

  String id() {
    return id;
  }

  String departmentId() {
    return departmentId;
  }

  /** As many may come. */
  public long bytes() {
    return bytes;
  }

  /** It holds on for as long as this is called from time to time. */
  public void keep() {
    long now = System.nanoTime();
    if (now - renewed < RENEWED_EVERY) return;
    renewed = now;
    all.renew(this);
  }

  /** The content, which keeps the reservation for as long as it arrives. */
  public InputStream renewedBy(InputStream content) {
    return new FilterInputStream(content) {
      @Override
      public int read() throws IOException {
        keep();
        return in.read();
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        keep();
        return in.read(into, offset, length);
      }
    };
  }

  @Override
  public void close() {
    all.remove(this);
  }
}
