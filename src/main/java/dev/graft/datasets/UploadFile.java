package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.StagedBlob;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.Idempotency;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Submission;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.springframework.stereotype.Component;

/** Takes an upload: read, checked, published, recorded, in this order. */
@Component
class UploadFile {
  private final ArtifactStore store;
  private final Files files;
  private final FileValidation validation;
  private final Idempotency idempotency;
  private final FileProperties settings;

  UploadFile(
      ArtifactStore store,
      Files files,
      FileValidation validation,
      Idempotency idempotency,
      FileProperties settings) {
    this.store = store;
    this.files = files;
    this.validation = validation;
    this.idempotency = idempotency;
    this.settings = settings;
  }

  FileRow from(HttpServletRequest request, String departmentId) throws IOException {
    try (FileUpload upload = FileUpload.read(request, store, settings.maxSize().toBytes())) {
      NewFile file = FileFields.of(departmentId, upload);
      StagedBlob content = upload.content();
      Checked checked = validation.requireIfSmall(file, content, "file");
      files.requireRoom(departmentId, content.ref().bytes());
      Arrived arrived = new Arrived(content.publish(), checked);
      return record(request, file, arrived);
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    }
  }

  /** Once, although SDKs send a request again whose answer they did not get. */
  private FileRow record(HttpServletRequest request, NewFile file, Arrived arrived) {
    AtomicBoolean made = new AtomicBoolean();
    String id =
        idempotency.once(
            submission(request, file, arrived),
            () -> {
              made.set(true);
              return files.add(file, arrived).id();
            });
    if (made.get() && arrived.checked() == null) {
      validation.later(id);
    }
    return files
        .find(file.departmentId(), id)
        .orElseThrow(() -> RequestFailed.notFound("file", id));
  }

  private static Submission submission(HttpServletRequest request, NewFile file, Arrived arrived) {
    String everything =
        Submission.hash(
            arrived.blob().sha256().hex(),
            file.filename(),
            file.purpose().wireName(),
            String.valueOf(file.lifetime()),
            String.valueOf(file.columns()));
    return Submission.of(request, file.departmentId(), "POST /v1/files", everything);
  }
}
