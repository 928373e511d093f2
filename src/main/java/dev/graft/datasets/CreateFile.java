package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
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
import org.springframework.stereotype.Component;

/** Creates a file from a request: reserves room, reads, checks, publishes and records it. */
@Component
class CreateFile {
  private final ArtifactStore store;
  private final StoredFiles files;
  private final FileValidation validation;
  private final Idempotency idempotency;
  private final StorageQuota quota;
  private final FileProperties settings;

  CreateFile(
      ArtifactStore store,
      StoredFiles files,
      FileValidation validation,
      Idempotency idempotency,
      StorageQuota quota,
      FileProperties settings) {
    this.store = store;
    this.files = files;
    this.validation = validation;
    this.idempotency = idempotency;
    this.quota = quota;
    this.settings = settings;
  }

  DataFile from(HttpServletRequest request, Caller caller) throws IOException {
    try (StorageQuota.Reservation room = reserve(request, caller.departmentId());
        FileUploadBody upload =
            FileUploadBody.read(request, store, room.bytes(), room::renewedBy)) {
      NewFile file = FileFields.of(caller, upload);
      StagedBlob content = upload.content();
      FileValidation.CheckedFile checked =
          validation.requireIfSmall(file, content::open, content.ref().bytes(), "file");
      BlobRef blob = content.publish();
      // Only once: SDKs repeat a request if they get no answer.
      String id =
          idempotency.once(
              submission(request, file, blob), () -> files.add(file, blob, checked, room));
      return files
          .find(file.departmentId(), id)
          .orElseThrow(() -> RequestFailed.notFound("file", id));
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    }
  }

  /** A request without a Content-Length reserves the size of the largest file. */
  private StorageQuota.Reservation reserve(HttpServletRequest request, String departmentId) {
    long most = settings.maxSize().toBytes();
    long length = request.getContentLengthLong();
    return length < 0
        ? quota.reserve(departmentId, most, most)
        : quota.reserve(departmentId, Math.min(length, most), MultipartForm.BESIDE_THE_FILE);
  }

  private static IdempotentRequest submission(
      HttpServletRequest request, NewFile file, BlobRef content) {
    String everything =
        IdempotentRequest.hash(
            content.sha256().hex(),
            file.filename(),
            file.purpose().wireName(),
            String.valueOf(file.lifetime()),
            String.valueOf(file.options()));
    return IdempotentRequest.of(request, file.departmentId(), "POST /v1/files", everything);
  }

  /**
   * The multipart body of {@code POST /v1/files}: the file goes straight into the store's staging
   * area, in no particular order with the fields. Closing drops what was not published.
   */
  static final class FileUploadBody implements AutoCloseable {
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
     * @param watched wraps the content before it is read
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

    /** Returns the column of a CSV file for each field of a row; empty if none were given. */
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
}
