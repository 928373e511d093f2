package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobTooLarge;
import dev.graft.artifacts.StagedBlob;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.tomcat.util.http.fileupload.FileItemIterator;
import org.apache.tomcat.util.http.fileupload.FileItemStream;
import org.apache.tomcat.util.http.fileupload.InvalidFileNameException;
import org.apache.tomcat.util.http.fileupload.servlet.ServletRequestContext;
import org.jspecify.annotations.Nullable;

/**
 * The multipart body of {@code POST /v1/files}, read part by part as it arrives: the file goes
 * straight into the store's staging area, in no particular order with the fields. Closing drops
 * what was not published.
 */
final class FileUpload implements AutoCloseable {
  private static final int MAX_PARTS = 16;
  private static final int MAX_FIELD_BYTES = 1024;
  private static final Set<String> FIELDS =
      Set.of("purpose", "expires_after[anchor]", "expires_after[seconds]");

  private final Map<String, String> fields = new HashMap<>();
  private @Nullable StagedBlob content;
  private String filename = "";

  private FileUpload() {}

  /** Reads the request to its end. Throws {@link RequestFailed}. */
  static FileUpload read(HttpServletRequest request, ArtifactStore store, long maxBytes)
      throws IOException {
    FileUpload upload = new FileUpload();
    boolean complete = false;
    try {
      FileItemIterator parts = parser().getItemIterator(new ServletRequestContext(request));
      while (parts.hasNext()) {
        upload.take(parts.next(), store, maxBytes);
      }
      complete = true;
      return upload;
    } catch (StorageFull e) {
      throw new RequestFailed(
          ProblemType.STORAGE_FULL, "The server has no room for this file; nothing was stored");
    } catch (BlobTooLarge e) {
      throw new RequestFailed(
          ProblemType.TOO_LARGE, "A file may have up to " + maxBytes + " bytes", "file");
    } catch (IOException | InvalidFileNameException e) {
      throw new RequestFailed(
          ProblemType.INVALID_REQUEST, "The body is not a complete multipart form.");
    } finally {
      if (!complete) {
        upload.close();
      }
    }
  }

  private static org.apache.tomcat.util.http.fileupload.FileUpload parser() {
    var parser = new org.apache.tomcat.util.http.fileupload.FileUpload();
    parser.setFileCountMax(MAX_PARTS);
    parser.setHeaderEncoding(StandardCharsets.UTF_8.name());
    return parser;
  }

  private void take(FileItemStream part, ArtifactStore store, long maxBytes) throws IOException {
    String name = String.valueOf(part.getFieldName());
    try (InputStream in = part.openStream()) {
      if (name.equals("file")) {
        if (content != null) {
          throw RequestFailed.invalid("file", "There is more than one part 'file'.");
        }
        filename = part.getName() == null ? "" : part.getName();
        content = store.stage(in::transferTo, maxBytes);
      } else if (FIELDS.contains(name)) {
        byte[] value = in.readNBytes(MAX_FIELD_BYTES);
        fields.put(name, new String(value, StandardCharsets.UTF_8));
      } else {
        String shown = name.substring(0, Math.min(name.length(), 60));
        throw new RequestFailed(ProblemType.UNKNOWN_PARAMETER, "Unknown field: " + shown, shown);
      }
    }
  }

  StagedBlob content() {
    if (content == null) {
      throw new RequestFailed(ProblemType.MISSING_PARAMETER, "The part 'file' is missing.", "file");
    }
    return content;
  }

  String filename() {
    return filename;
  }

  @Nullable String field(String name) {
    return fields.get(name);
  }

  @Override
  public void close() throws IOException {
    if (content != null) {
      content.close();
    }
  }
}
