package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.springframework.stereotype.Component;

/** Takes an upload: reserved, read, checked, published, recorded, in this order. */
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

  FileRow from(HttpServletRequest request, Caller caller) throws IOException {
    try (Reservation room = reserve(request, caller.departmentId());
        FileUploadBody upload =
            FileUploadBody.read(request, store, room.bytes(), room::renewedBy)) {
      NewFile file = FileFields.of(caller, upload);
      StagedBlob content = upload.content();
      CheckedFile checked =
          validation.requireIfSmall(file, content::open, content.ref().bytes(), "file");
      ArrivedFile arrived = new ArrivedFile(content.publish(), checked);
      return record(request, file, arrived, room);
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    }
  }

  /** A request that does not say its length may have as much as one file may. */
  private Reservation reserve(HttpServletRequest request, String departmentId) {
    long most = settings.maxSize().toBytes();
    long told = request.getContentLengthLong();
    return told < 0
        ? quota.reserve(departmentId, most, most)
        : quota.reserve(departmentId, Math.min(told, most), MultipartForm.BESIDE_THE_FILE);
  }

  /** Once, although SDKs send a request again whose answer they did not get. */
  private FileRow record(
      HttpServletRequest request, NewFile file, ArrivedFile arrived, Reservation room) {
    String id =
        idempotency.once(
            submission(request, file, arrived), () -> files.add(file, arrived, room).id());
    return files
        .find(file.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("file", id));
  }

  private static IdempotentRequest submission(
      HttpServletRequest request, NewFile file, ArrivedFile arrived) {
    String everything =
        IdempotentRequest.hash(
            arrived.blob().sha256().hex(),
            file.filename(),
            file.purpose().wireName(),
            String.valueOf(file.lifetime()),
            String.valueOf(file.options()));
    return IdempotentRequest.of(request, file.departmentId(), "POST /v1/files", everything);
  }
}
