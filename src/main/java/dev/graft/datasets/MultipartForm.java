package dev.graft.datasets;

import dev.graft.artifacts.BlobTooLarge;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
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
   * @param param the field that may be too long
   * @param maxBytes that it may have, for the message
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
          ProblemType.TOO_LARGE, "'" + param + "' may have up to " + maxBytes + " bytes.", param);
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
      // said below
    }
    throw new MultipartBody.Malformed("its type has no boundary");
  }
}
