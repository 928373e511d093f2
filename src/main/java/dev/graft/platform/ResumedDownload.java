package dev.graft.platform;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Downloads a file. An interrupted download is resumed, in this run or the next, as long as each
 * attempt receives some bytes.
 *
 * @param source opens the file on the server
 * @param progress receives progress reports
 */
public record ResumedDownload(Source source, Progress progress) {
  /** Consecutive attempts without new bytes after which it gives up. */
  private static final int VAIN_ATTEMPTS = 3;

  private static final int BUFFER = 1 << 18;

  /** Opens a file on a server. */
  @FunctionalInterface
  public interface Source {
    /**
     * Sends a request for the file.
     *
     * @param from the first byte to request; the server may send the whole file anyway
     * @return an answer with status 200 or 206, or 416 if the file has no more bytes
     */
    HttpURLConnection open(long from) throws IOException;
  }

  /** Receives progress reports. */
  public interface Progress {
    /** Ignores them. */
    Progress NONE = bytes -> {};

    /** Called when this many bytes have been received. */
    void at(long bytes);

    /** Called when the download was interrupted after this many bytes and will be resumed. */
    default void brokeOff(long bytes) {}
  }

  /**
   * Downloads the file; the caller checks its digest.
   *
   * @param part may already contain the beginning; a shorter one stays there when this fails
   * @throws DownloadRefused if the server refuses, without retries
   * @throws IOException after several attempts without new bytes
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

  /** Checks a complete file. */
  @FunctionalInterface
  public interface Check {
    /**
     * @throws DownloadRefused if it is not the expected file
     */
    void accept(Path file) throws IOException;
  }

  /**
   * Downloads the file and checks it. A resumed file that fails the check is downloaded again from
   * the start, because its beginning may have been damaged; a file that fails is deleted.
   */
  public void into(Path part, Check check) throws IOException {
    boolean resumed = size(part) > 0;
    into(part);
    try {
      check.accept(part);
    } catch (DownloadRefused damaged) {
      Files.delete(part);
      if (!resumed) throw damaged;
      into(part, check);
    }
  }

  private static long size(Path part) throws IOException {
    return Files.exists(part) ? Files.size(part) : 0;
  }

  /** Appends the rest of the file, or writes all of it if the server does not support ranges. */
  private void append(Path part, long start) throws IOException {
    HttpURLConnection answer = source.open(start);
    try {
      int status = answer.getResponseCode();
      if (status == 416) return; // there are no more bytes; the caller's digest decides
      boolean goesOn = status == 206 && resumes(answer, start);
      if (status == 206 && !goesOn)
        throw new IOException("the server sent a different range than requested");
      long length = answer.getContentLengthLong();
      try (InputStream in = answer.getInputStream();
          OutputStream out = output(part, goesOn)) {
        long received = copy(in, out, goesOn ? start : 0);
        if (length >= 0 && received < length) {
          throw new IOException("the server sent only %d of %d bytes".formatted(received, length));
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

  /** A refusal by the server, which a retry would not change. */
  public static class DownloadRefused extends IOException {
    private static final long serialVersionUID = 1;

    public DownloadRefused(String message) {
      super(message);
    }
  }
}
