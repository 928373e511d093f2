package dev.graft.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Measures the peak memory of this process. Linux reports the exact peak of the total. The
 * anonymous part and the pages of files are only sampled every {@value #EVERY_MS} ms, because
 * sampling takes time from the measured steps. Pages of files, such as mapped weights and
 * libraries, can be dropped and read again.
 */
final class PeakMemory implements AutoCloseable {
  private static final int EVERY_MS = 100;
  private static final Path STATUS = Path.of("/proc/self/status");

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread watcher;
  private long anonymous;
  private long mapped;

  /**
   * @param rss peak resident bytes
   * @param anonymous peak bytes that are not backed by files
   * @param mapped peak bytes that are backed by files
   */
  record Peak(long rss, long anonymous, long mapped) {}

  PeakMemory() {
    watcher = Thread.ofPlatform().daemon().name("memory").start(this::watch);
  }

  private void watch() {
    try {
      do look();
      while (!closed.await(EVERY_MS, TimeUnit.MILLISECONDS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void look() {
    String status = status();
    anonymous = Math.max(anonymous, bytes(status, "RssAnon"));
    mapped = Math.max(mapped, bytes(status, "RssFile") + bytes(status, "RssShmem"));
  }

  /** Returns the peak so far. */
  synchronized Peak peak() {
    look();
    return new Peak(bytes(status(), "VmHWM"), anonymous, mapped);
  }

  private static String status() {
    try {
      return Files.readString(STATUS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long bytes(String status, String field) {
    int at = status.indexOf(field + ":");
    if (at < 0) return 0;
    String line = status.substring(at + field.length() + 1, status.indexOf(" kB", at));
    return Long.parseLong(line.strip()) * 1024;
  }

  @Override
  public void close() {
    closed.countDown();
    try {
      watcher.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
