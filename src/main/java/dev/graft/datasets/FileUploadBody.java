package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The multipart body of {@code POST /v1/files}: the file goes straight into the store's staging
 * area, in no particular order with the fields. Closing drops what was not published.
 */
final class FileUploadBody implements AutoCloseable {
  private static final int MAX_FIELD_BYTES = 1024;
  private static final Set<String> FIELDS =
      Set.of("purpose", "expires_after[anchor]", "expires_after[seconds]", "ignore_unknown_keys");
  private static final Pattern COLUMN = Pattern.compile("columns\\[(\\w{1,40})]");

  private final Map<String, String> fields = new HashMap<>();
  private final Map<String, String> columns = new HashMap<>();
  private @Nullable StagedBlob content;
  private String filename = "";

  private FileUploadBody() {}

  /**
   * Reads the request to its end. Throws {@link RequestFailed}.
   *
   * @param watched the content, as it is to be read
   */
  static FileUploadBody read(
      HttpServletRequest request,
      ArtifactStore store,
      long maxBytes,
      UnaryOperator<InputStream> watched)
      throws IOException {
    FileUploadBody upload = new FileUploadBody();
    boolean complete = false;
    try {
      MultipartForm.read(
          request,
          "file",
          maxBytes,
          (name, file, in) ->
              upload.take(
                  name, file, name.equals("file") ? watched.apply(in) : in, store, maxBytes));
      complete = true;
      return upload;
    } finally {
      if (!complete) {
        upload.close();
      }
    }
  }

  private void take(String name, String file, InputStream in, ArtifactStore store, long maxBytes)
      throws IOException {
    Matcher column = COLUMN.matcher(name);
    if (name.equals("file")) {
      if (content != null) {
        throw MultipartForm.twice("file");
      }
      filename = file;
      content = store.stage(in::transferTo, maxBytes);
    } else if (FIELDS.contains(name)) {
      fields.put(name, text(in));
    } else if (column.matches()) {
      columns.put(column.group(1), text(in));
    } else {
      throw MultipartForm.unknown(name);
    }
  }

  private static String text(InputStream in) throws IOException {
    return new String(in.readNBytes(MAX_FIELD_BYTES), StandardCharsets.UTF_8);
  }

  StagedBlob content() {
    if (content == null) {
      throw MultipartForm.missing("file");
    }
    return content;
  }

  String filename() {
    return filename;
  }

  @Nullable String field(String name) {
    return fields.get(name);
  }

  /** Field of a row to column of a CSV file; empty where none were given. */
  Map<String, String> columns() {
    return columns;
  }

  @Override
  public void close() throws IOException {
    if (content != null) {
      content.close();
    }
  }
}
