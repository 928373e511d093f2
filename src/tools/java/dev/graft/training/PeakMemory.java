package dev.graft.training;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The largest memory of this process. Linux tells the largest of all, exactly; what of it is
 * anonymous and what are pages of files is looked at every {@value #EVERY_MS} ms, and no more
 * often: that takes time from the steps that are measured. Files are what the system may drop and
 * read again: mapped weights, libraries.
 */
final class PeakMemory implements AutoCloseable {
  private static final int EVERY_MS = 100;
  private static final Path STATUS = Path.of("/proc/self/status");

  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread watcher;
  private long anonymous;
  private long mapped;

  /**
   * @param rss resident, in bytes
   * @param anonymous the largest of it that no file holds
   * @param mapped the largest of it that files hold
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

  /** So far. */
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
