package dev.graft.datasets;

import dev.graft.artifacts.BlobTooLarge;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ContentDisposition;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;

/** A multipart body, read field by field as it arrives. */
final class MultipartForm {
  private static final int MAX_FIELDS = 24;

  /** More bytes than the fields, headers and boundaries of an ordinary request have. */
  static final long BESIDE_THE_FILE = 16 << 10;

  private static final int MAX_NAME_SHOWN = 60;

  /** RFC 2046 has 70, and two quotes. */
  private static final int MAX_BOUNDARY = 72;

  private MultipartForm() {}

  /** Takes one field, in the order in which they come. */
  public interface Reader {
    void take(String name, String filename, InputStream content) throws IOException;
  }

  /**
   * Reads the request to its end. Throws {@link RequestFailed}.
   *
   * @param param the field to name if the content is too long
   * @param maxBytes limit to name in the message
   */
  public static void read(HttpServletRequest request, String param, long maxBytes, Reader reader)
      throws IOException {
    try {
      MultipartBody body = new MultipartBody(request.getInputStream(), boundary(request));
      int fields = 0;
      for (var part = body.next(); part != null; part = body.next()) {
        if (++fields > MAX_FIELDS) throw new MultipartBody.Malformed("it has too many parts");
        reader.take(part.name(), part.filename(), part.content());
      }
    } catch (StorageFull e) {
      throw noRoom();
    } catch (BlobTooLarge e) {
      throw new RequestFailed(
          ProblemType.TOO_LARGE, "'" + param + "' may have at most " + maxBytes + " bytes.", param);
    } catch (IOException e) {
      throw new RequestFailed(
          ProblemType.INVALID_REQUEST, "The body is not a complete multipart form.");
    }
  }

  public static RequestFailed noRoom() {
    return new RequestFailed(
        ProblemType.STORAGE_FULL, "The server has no room for this; nothing was stored.");
  }

  public static RequestFailed unknown(String name) {
    String shown = name.substring(0, Math.min(name.length(), MAX_NAME_SHOWN));
    return new RequestFailed(ProblemType.UNKNOWN_PARAMETER, "Unknown field: " + shown, shown);
  }

  public static RequestFailed twice(String name) {
    return RequestFailed.invalid(name, "There is more than one part '" + name + "'.");
  }

  public static RequestFailed missing(String name) {
    return new RequestFailed(
        ProblemType.MISSING_PARAMETER, "The part '" + name + "' is missing.", name);
  }

  private static String boundary(HttpServletRequest request) throws IOException {
    try {
      MediaType type = MediaType.parseMediaType(String.valueOf(request.getContentType()));
      String boundary = type.getParameter("boundary");
      if (boundary != null && boundary.length() <= MAX_BOUNDARY) {
        return boundary.replaceAll("^\"|\"$", "");
      }
    } catch (InvalidMediaTypeException notOne) {
      // reported below
    }
    throw new MultipartBody.Malformed("its type has no boundary");
  }

  /**
   * Reads the parts of a {@code multipart/form-data} body (RFC 7578, RFC 2046 section 5.1) one
   * after the other as it arrives. Horspool's search for the delimiter skips most bytes of a large
   * file, so that it costs little compared to the SHA-256.
   */
  static final class MultipartBody {
    private static final int MOST_HEADER_BYTES = 4096;
    private static final int BUFFER = 1 << 16;

    private final InputStream in;
    private final byte[] delimiter;
    private final int[] skip = new int[256];
    private final byte[] buffer = new byte[BUFFER];
    private int head;
    private int tail;

    /** Bytes from {@code head} on that belong to the content of the part. */
    private int clear;

    private boolean atDelimiter;

    /**
     * @param filename empty if the part is not a file
     * @param content up to the next part
     */
    record FormPart(String name, String filename, InputStream content) {}

    /** It is not what the RFC says. */
    static final class Malformed extends IOException {
      private static final long serialVersionUID = 1;

      Malformed(String why) {
        super(why);
      }
    }

    MultipartBody(InputStream in, String boundary) {
      this.in = in;
      this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.ISO_8859_1);
      Arrays.fill(skip, delimiter.length);
      for (int i = 0; i < delimiter.length - 1; i++) {
        skip[delimiter[i] & 0xff] = delimiter.length - 1 - i;
      }
      // Makes the first delimiter, which may have no line before it, like the others.
      buffer[0] = '\r';
      buffer[1] = '\n';
      tail = 2;
    }

    /** The next part, after what is left of the one before; null after the last. */
    @Nullable FormPart next() throws IOException {
      try {
        while (!atDelimiter) skipContent();
      } catch (EOFException noMore) {
        throw new Malformed("it ends within a part");
      }
      head += delimiter.length;
      atDelimiter = false;
      clear = 0;
      String line = line();
      if (line.startsWith("--")) return null;
      if (!line.isBlank()) throw new Malformed("a delimiter is followed by something else");
      @Nullable String disposition = null;
      int bytes = 0;
      for (line = line(); !line.isEmpty(); line = line()) {
        bytes += line.length();
        if (bytes > MOST_HEADER_BYTES) throw new Malformed("the headers of a part are too long");
        int colon = line.indexOf(':');
        if (colon < 0) throw new Malformed("a header of a part has no colon");
        if (line.substring(0, colon).strip().equalsIgnoreCase("content-disposition")) {
          disposition = line.substring(colon + 1).strip();
        }
      }
      return part(disposition);
    }

    private FormPart part(@Nullable String disposition) throws Malformed {
      try {
        ContentDisposition read = ContentDisposition.parse(String.valueOf(disposition));
        String name = read.getName();
        String filename = read.getFilename() == null ? "" : read.getFilename();
        if (name != null && read.isFormData() && filename.indexOf('\0') < 0) {
          return new FormPart(name, filename, new Content());
        }
      } catch (IllegalArgumentException notOne) {
        // reported below
      }
      throw new Malformed("a part has no usable content-disposition");
    }

    /** A line without its end; the last one of a body may have none. */
    private String line() throws IOException {
      int from = 0;
      while (true) {
        for (int i = head + from; i + 1 < tail; i++) {
          if (buffer[i] != '\r' || buffer[i + 1] != '\n') continue;
          String line = new String(buffer, head, i - head, StandardCharsets.UTF_8);
          head = i + 2;
          return line;
        }
        if (tail - head > MOST_HEADER_BYTES) throw new Malformed("a header of a part is too long");
        from = Math.max(0, tail - head - 1);
        if (fill()) continue;
        String rest = new String(buffer, head, tail - head, StandardCharsets.UTF_8);
        if (!rest.startsWith("--")) throw new Malformed("it ends within the headers of a part");
        head = tail;
        return rest;
      }
    }

    private void skipContent() throws IOException {
      head += clear;
      clear = 0;
      look();
    }

    /** Makes at least one byte clear, or finds the delimiter. */
    private void look() throws IOException {
      while (clear == 0 && !atDelimiter) {
        int found = indexOfDelimiter();
        if (found >= 0) {
          clear = found - head;
          atDelimiter = clear == 0;
          return;
        }
        clear = Math.max(0, tail - head - (delimiter.length - 1));
        if (clear == 0 && !fill()) throw new EOFException();
      }
    }

    private int indexOfDelimiter() {
      int last = delimiter.length - 1;
      for (int i = head; i + last < tail; i += skip[buffer[i + last] & 0xff]) {
        int k = last;
        while (k >= 0 && buffer[i + k] == delimiter[k]) k--;
        if (k < 0) return i;
      }
      return -1;
    }

    /** False at the end of the body. */
    private boolean fill() throws IOException {
      System.arraycopy(buffer, head, buffer, 0, tail - head);
      tail -= head;
      head = 0;
      int n = in.read(buffer, tail, buffer.length - tail);
      tail += Math.max(0, n);
      return n >= 0;
    }

    private final class Content extends InputStream {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) return 0;
        try {
          look();
        } catch (EOFException cut) {
          throw new Malformed("it ends within a part");
        }
        if (atDelimiter) return -1;
        int n = Math.min(length, clear);
        System.arraycopy(buffer, head, target, offset, n);
        head += n;
        clear -= n;
        return n;
      }
    }
  }
}
