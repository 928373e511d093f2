package dev.graft.datasets;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StagedBlob;
import dev.graft.artifacts.BlobMissing;
import dev.graft.artifacts.StorageFull;
import dev.graft.platform.RequestFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Makes a file from the parts of an upload. A refusal leaves the upload pending. A repeated request
 * (an SDK that got no answer) waits for the first and then finds its result. At two servers both
 * requests join the parts, and the first to end makes the file.
 */
@Component
class CompleteUpload {
  private final ArtifactStore store;
  private final UploadService uploads;
  private final UploadParts parts;
  private final FileValidation validation;
  private final ConcurrentHashMap<String, CompletableFuture<Boolean>> running =
      new ConcurrentHashMap<>();

  CompleteUpload(
      ArtifactStore store, UploadService uploads, UploadParts parts, FileValidation validation) {
    this.store = store;
    this.uploads = uploads;
    this.parts = parts;
    this.validation = validation;
  }

  Upload.UploadObject complete(String departmentId, String uploadId, CompleteUploadRequest request)
      throws IOException {
    List<String> partIds = request.parts();
    String md5 = request.checksum();
    uploads.require(departmentId, uploadId);
    CompletableFuture<Boolean> turn = takeTurn(uploadId);
    try {
      Upload upload = uploads.require(departmentId, uploadId);
      if (!upload.wasCompletedWith(partIds)) {
        complete(upload, partIds, md5);
      }
    } catch (RequestFailed | BlobMissing gone) {
      // The same request at another server may have ended the upload and dropped its parts.
      if (!uploads.require(departmentId, uploadId).wasCompletedWith(partIds)) throw gone;
    } finally {
      running.remove(uploadId);
      turn.complete(true);
    }
    return uploads.object(uploads.require(departmentId, uploadId));
  }

  private CompletableFuture<Boolean> takeTurn(String uploadId) {
    CompletableFuture<Boolean> mine = new CompletableFuture<>();
    CompletableFuture<Boolean> twin;
    while ((twin = running.putIfAbsent(uploadId, mine)) != null) {
      twin.join();
    }
    return mine;
  }

  private void complete(Upload upload, List<String> partIds, @Nullable String md5)
      throws IOException {
    uploads.requirePending(upload);
    long bytes = uploads.bytesOf(upload, partIds);
    if (bytes != upload.bytes()) {
      throw RequestFailed.invalid(
          "part_ids",
          "These parts have %d bytes together, but the upload was announced with %d."
              .formatted(bytes, upload.bytes()));
    }
    try {
      join(upload, partIds, md5);
    } catch (StorageFull e) {
      throw MultipartForm.noRoom();
    } catch (BlobMissing dropped) {
      // If the upload was not cancelled meanwhile, the part is lost.
      uploads.requirePending(uploads.require(upload.departmentId(), upload.id()));
      throw dropped;
    }
    parts.tidy(upload.id());
  }

  private void join(Upload upload, List<String> partIds, @Nullable String md5) throws IOException {
    MessageDigest digest = md5();
    NewFile file = upload.file();
    try (StagedBlob content =
        store.stage(
            out -> copy(partIds, md5 == null ? out : new DigestOutputStream(out, digest)),
            upload.bytes())) {
      if (md5 != null && !md5.equals(HexFormat.of().formatHex(digest.digest()))) {
        throw RequestFailed.invalid("md5", "The MD5 of the parts in this order is different.");
      }
      FileValidation.CheckedFile checked =
          validation.requireIfSmall(file, content::open, content.ref().bytes(), "part_ids");
      uploads.complete(upload.id(), partIds, file, content.publish(), checked);
    }
  }

  private void copy(List<String> partIds, OutputStream out) throws IOException {
    for (String partId : partIds) {
      try (InputStream in = store.openKept(partId)) {
        in.transferTo(out);
      }
    }
  }

  private static MessageDigest md5() {
    try {
      return MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has MD5", e);
    }
  }

  /**
   * The body of {@code POST /v1/uploads/{id}/complete}.
   *
   * @param partIds in the order of their bytes
   * @param md5 of the whole, in hexadecimal
   */
  record CompleteUploadRequest(@Nullable List<@Nullable String> partIds, @Nullable String md5) {
    private static final Pattern MD5 = Pattern.compile("[0-9a-f]{32}");

    /** Returns the ids, each once. Throws {@link RequestFailed}. */
    List<String> parts() {
      List<@Nullable String> given = RequestFailed.required(partIds, "part_ids");
      List<String> parts =
          given.stream().map(id -> RequestFailed.required(id, "part_ids")).toList();
      if (parts.isEmpty()) {
        throw RequestFailed.invalid("part_ids", "Name the parts, in the order of their bytes.");
      }
      if (new HashSet<>(parts).size() < parts.size()) {
        throw RequestFailed.invalid("part_ids", "A part is named twice.");
      }
      return parts;
    }

    /** Returns the MD5 in lower case, or null if none was given. Throws {@link RequestFailed}. */
    @Nullable String checksum() {
      if (md5 == null) return null;
      String lower = md5.toLowerCase(Locale.ROOT);
      if (!MD5.matcher(lower).matches()) {
        throw RequestFailed.invalid("md5", "An MD5 has 32 hexadecimal digits.");
      }
      return lower;
    }
  }
}
