package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Makes a file of another's content, which stays as it is. A small one is made before the answer; a
 * large one is, as one that was uploaded, {@code uploaded} until it is made and validated.
 */
@Component
class DerivedFiles {
  private final ArtifactStore store;
  private final StoredFiles files;
  private final FileValidation validation;
  private final Idempotency idempotency;
  private final Clock clock;

  DerivedFiles(
      ArtifactStore store,
      StoredFiles files,
      FileValidation validation,
      Idempotency idempotency,
      Clock clock) {
    this.store = store;
    this.files = files;
    this.validation = validation;
    this.idempotency = idempotency;
    this.clock = clock;
  }

  /** How long a file lives that ends with the one it is made of. */
  @Nullable Duration lifetimeOf(FileRow source) {
    Instant expiresAt = source.expiresAt();
    return expiresAt == null ? null : Duration.between(clock.instant(), expiresAt);
  }

  /**
   * @param content that it is made of
   * @param said all that tells this request from others to this route
   */
  FileRow add(HttpServletRequest http, String route, NewFile file, BlobRef content, String... said)
      throws IOException {
    files.requireRoom(file.departmentId(), content.bytes());
    try {
      CheckedFile checked =
          validation.requireIfSmall(
              file, () -> store.open(content.sha256()), content.bytes(), "id");
      ArrivedFile arrived = new ArrivedFile(content, checked);
      String id =
          idempotency.once(
              IdempotentRequest.of(http, file.departmentId(), route, IdempotentRequest.hash(said)),
              () -> files.add(file, arrived).id());
      return files
          .find(file.departmentId(), id)
          .orElseThrow(() -> RequestFailed.notFound("file", id));
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    }
  }
}
