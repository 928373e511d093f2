package dev.graft.platform;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Brings a file. What breaks off is resumed, in this run and in the next, as long as something
 * arrives.
 *
 * @param source of the file
 * @param progress hears of it
 */
public record ResumedDownload(Source source, Progress progress) {
  /** In a row that bring nothing. */
  private static final int VAIN_ATTEMPTS = 3;

  private static final int BUFFER = 1 << 18;

  /** Where the file is. */
  @FunctionalInterface
  public interface Source {
    /**
     * Asks for it.
     *
     * @param from first byte that is wanted; whole files may be sent all the same
     * @return with status 200, 206, or 416 if there is no more
     */
    HttpURLConnection open(long from) throws IOException;
  }

  /** Hears how far it is. */
  public interface Progress {
    /** Nobody wants to know. */
    Progress NONE = bytes -> {};

    /** So much is there now. */
    void at(long bytes);

    /** It broke off there, and goes on. */
    default void brokeOff(long bytes) {}
  }

  /**
   * Returns when all is there, as far as lengths tell: the reader has a digest. @@param part may
   * already contain the beginning; a shorter one stays there when this fails
   *
   * @throws DownloadRefused at once
   * @throws IOException after some attempts that brought nothing
   */
  public void into(Path part) throws IOException {
    int vain = 0;
    while (true) {
      long before = size(part);
      try {
        append(part, before);
        return;
      } catch (DownloadRefused refused) {
        throw refused;
      } catch (IOException brokeOff) {
        long now = size(part);
        vain = now > before ? 0 : vain + 1;
        if (vain == VAIN_ATTEMPTS || Thread.currentThread().isInterrupted()) throw brokeOff;
        progress.brokeOff(now);
      }
    }
  }

  private static long size(Path part) throws IOException {
    return Files.exists(part) ? Files.size(part) : 0;
  }

  /** All from a byte to the end of the file; from the start where the server cannot do that. */
  private void append(Path part, long start) throws IOException {
    HttpURLConnection answer = source.open(start);
    try {
      int status = answer.getResponseCode();
      if (status == 416) return; // there is no more: its digest tells whether that is right
      boolean goesOn = status == 206 && resumes(answer, start);
      if (status == 206 && !goesOn) throw new IOException("another part was sent than asked for");
      long length = answer.getContentLengthLong();
      try (InputStream in = answer.getInputStream();
          OutputStream out = output(part, goesOn)) {
        long received = copy(in, out, goesOn ? start : 0);
        if (length >= 0 && received < length) {
          throw new IOException("%d bytes of %d were sent".formatted(received, length));
        }
      }
    } finally {
      answer.disconnect();
    }
  }

  private static boolean resumes(HttpURLConnection answer, long start) {
    String range = answer.getHeaderField("Content-Range");
    return range != null && range.startsWith("bytes " + start + "-");
  }

  private static OutputStream output(Path part, boolean append) throws IOException {
    return append
        ? Files.newOutputStream(part, StandardOpenOption.APPEND)
        : Files.newOutputStream(part);
  }

  private long copy(InputStream in, OutputStream out, long start) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long all = 0;
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      out.write(buffer, 0, read);
      all += read;
      progress.at(start + all);
    }
    return all;
  }

  /** A server's answer that another attempt does not change. */
  public static class DownloadRefused extends IOException {
    private static final long serialVersionUID = 1;

    public DownloadRefused(String message) {
      super(message);
    }
  }
}
