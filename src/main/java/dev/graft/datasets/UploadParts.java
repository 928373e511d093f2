package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/**
 * The bytes of parts, stored under the part's id. The row of a part is written first, so that no
 * bytes are left without a row.
 */
@Component
class UploadParts {
  private static final Logger log = LoggerFactory.getLogger(UploadParts.class);

  private final ArtifactStore store;
  private final UploadService uploads;
  private final StorageQuota quota;

  UploadParts(ArtifactStore store, UploadService uploads, StorageQuota quota) {
    this.store = store;
    this.uploads = uploads;
    this.quota = quota;
  }

  /** Receives one part; others may arrive at the same time. Throws {@link RequestFailed}. */
  Upload.PartObject receive(HttpServletRequest request, String departmentId, String uploadId)
      throws IOException {
    // The bytes of an upload are announced and count already: a part needs only a place.
    try (StorageQuota.Reservation place = quota.reserve(departmentId, 0, 0)) {
      return receive(request, departmentId, uploadId, place);
    }
  }

  private Upload.PartObject receive(
      HttpServletRequest request,
      String departmentId,
      String uploadId,
      StorageQuota.Reservation place)
      throws IOException {
    UploadService.ArrivingPart part = uploads.beginPart(departmentId, uploadId);
    boolean recorded = false;
    try {
      long bytes = keep(request, part, place);
      Upload.PartObject object = uploads.arrived(departmentId, uploadId, part.id(), bytes);
      recorded = true;
      return object;
    } finally {
      if (!recorded) {
        drop(part.id());
      }
    }
  }

  private long keep(
      HttpServletRequest request, UploadService.ArrivingPart part, StorageQuota.Reservation place)
      throws IOException {
    AtomicReference<@Nullable Long> kept = new AtomicReference<>();
    MultipartForm.read(
        request,
        "data",
        part.room(),
        (name, filename, in) -> {
          if (!name.equals("data")) {
            throw MultipartForm.unknown(name);
          }
          if (kept.get() != null) {
            throw MultipartForm.twice("data");
          }
          kept.set(store.keep(part.id(), place.renewedBy(in)::transferTo, part.room()));
        });
    Long bytes = kept.get();
    if (bytes == null) {
      throw MultipartForm.missing("data");
    }
    return bytes;
  }

  /** Drops the parts of an upload that has ended. The next sweep repeats what fails now. */
  public void tidy(String uploadId) {
    uploads.partsToDrop(uploadId).forEach(this::drop);
  }

  private void drop(String partId) {
    try {
      store.drop(partId);
      uploads.forgetPart(partId);
    } catch (IOException e) {
      log.atWarn()
          .addKeyValue("part", partId)
          .addKeyValue("cause", e.toString())
          .log("part_not_dropped");
    }
  }
}
