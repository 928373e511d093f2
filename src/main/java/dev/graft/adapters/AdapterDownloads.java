package dev.graft.adapters;

import static java.time.temporal.ChronoUnit.SECONDS;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobDownload;
import dev.graft.artifacts.BlobRef;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.springframework.core.io.Resource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/** What a department may see and fetch of an adapter, or why it may not. */
@Component
class AdapterDownloads {
  private static final MediaType GZIP = MediaType.parseMediaType("application/gzip");

  private final Adapters adapters;
  private final VisibleAdapters visible;
  private final AdapterFiles files;
  private final ArtifactStore store;
  private final AuditLog audit;

  AdapterDownloads(
      Adapters adapters,
      VisibleAdapters visible,
      AdapterFiles files,
      ArtifactStore store,
      AuditLog audit) {
    this.audit = audit;
    this.store = store;
    this.adapters = adapters;
    this.visible = visible;
    this.files = files;
  }

  /** One that the department sees. */
  Adapter require(String departmentId, String id) {
    return visible.find(departmentId, id).orElseThrow(() -> gone(departmentId, id));
  }

  /**
   * The bytes that it may fetch.
   *
   * @param file of the adapter; empty = all as tar.gz
   */
  BlobRef require(String departmentId, String id, String file) throws IOException {
    Adapter adapter = require(departmentId, id);
    if (!visible.mayDownload(departmentId, adapter)) {
      throw new RequestFailed(
          ProblemType.PERMISSION_DENIED,
          "Your department may use this adapter, but not fetch its files.",
          "id");
    }
    if (file.isEmpty()) return files.archive(adapter);
    BlobRef found = files.manifest(adapter).files().get(file);
    if (found == null) throw RequestFailed.notFound("file of this adapter", file);
    return found;
  }

  ResponseEntity<Resource> archive(
      String id, BlobRef archive, HttpMethod method, HttpHeaders request) {
    return BlobDownload.of(store, archive, id + ".tar.gz", GZIP, method, request);
  }

  ResponseEntity<Resource> file(String path, BlobRef file, HttpMethod method, HttpHeaders request) {
    return BlobDownload.of(
        store,
        file,
        path.substring(path.lastIndexOf('/') + 1),
        MediaType.APPLICATION_OCTET_STREAM,
        method,
        request);
  }

  /** The answer, which the audit log tells of where it begins to give the content away. */
  ResponseEntity<Resource> noted(
      Caller caller, String id, String file, HttpMethod method, ResponseEntity<Resource> answer) {
    if (BlobDownload.begins(method, answer)) {
      String name = require(caller.departmentId(), id).name();
      Map<String, String> what =
          file.isEmpty() ? Map.of("model", name) : Map.of("model", name, "file", file);
      audit.write("adapter.downloaded", caller.departmentId(), id, what);
    }
    return answer;
  }

  /** Its own department is told that there was one. */
  RequestFailed gone(String departmentId, String id) {
    return adapters
        .deleted(departmentId, id)
        .map(stone -> new RequestFailed(ProblemType.GONE, farewell(stone), "id"))
        .orElseGet(() -> RequestFailed.notFound("adapter", id));
  }

  private static String farewell(AdapterLineage.Stone stone) {
    Instant at = Objects.requireNonNull(stone.deletedAt());
    return "The adapter %s was deleted at %s%s."
        .formatted(
            stone.id(),
            at.truncatedTo(SECONDS),
            stone.byRetention() ? ": its department keeps adapters no longer (retention)" : "");
  }
}
