package dev.graft.datasets;

import dev.graft.artifacts.BlobTooLarge;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.apache.tomcat.util.http.fileupload.FileItemIterator;
import org.apache.tomcat.util.http.fileupload.FileItemStream;
import org.apache.tomcat.util.http.fileupload.FileUpload;
import org.apache.tomcat.util.http.fileupload.InvalidFileNameException;
import org.apache.tomcat.util.http.fileupload.servlet.ServletRequestContext;

/** A multipart body, read field by field as it arrives. */
final class MultipartForm {
  private static final int MAX_FIELDS = 24;
  private static final int MAX_NAME_SHOWN = 60;

  private MultipartForm() {}

  /** Takes one field, in the order in which they come. */
  interface Reader {
    void take(String name, String filename, InputStream content) throws IOException;
  }

  /**
   * Reads the request to its end. Throws {@link RequestFailed}.
   *
   * @param param the field that may be too long
   * @param maxBytes that it may have, for the message
   */
  static void read(HttpServletRequest request, String param, long maxBytes, Reader reader)
      throws IOException {
    try {
      FileItemIterator fields = parser().getItemIterator(new ServletRequestContext(request));
      while (fields.hasNext()) {
        FileItemStream field = fields.next();
        String filename = field.getName() == null ? "" : field.getName();
        try (InputStream in = field.openStream()) {
          reader.take(String.valueOf(field.getFieldName()), filename, in);
        }
      }
    } catch (StorageFull e) {
      throw noRoom();
    } catch (BlobTooLarge e) {
      throw new RequestFailed(
          ProblemType.TOO_LARGE, "'" + param + "' may have up to " + maxBytes + " bytes.", param);
    } catch (IOException | InvalidFileNameException e) {
      throw new RequestFailed(
          ProblemType.INVALID_REQUEST, "The body is not a complete multipart form.");
    }
  }

  static RequestFailed noRoom() {
    return new RequestFailed(
        ProblemType.STORAGE_FULL, "The server has no room for this; nothing was stored.");
  }

  static RequestFailed unknown(String name) {
    String shown = name.substring(0, Math.min(name.length(), MAX_NAME_SHOWN));
    return new RequestFailed(ProblemType.UNKNOWN_PARAMETER, "Unknown field: " + shown, shown);
  }

  static RequestFailed twice(String name) {
    return RequestFailed.invalid(name, "There is more than one part '" + name + "'.");
  }

  static RequestFailed missing(String name) {
    return new RequestFailed(
        ProblemType.MISSING_PARAMETER, "The part '" + name + "' is missing.", name);
  }

  private static FileUpload parser() {
    FileUpload parser = new FileUpload();
    parser.setFileCountMax(MAX_FIELDS);
    parser.setHeaderEncoding(StandardCharsets.UTF_8.name());
    return parser;
  }
}
