package dev.graft.datasets;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code upload}.
 *
 * @param file what the file will be
 * @param bytes as announced
 * @param parts what it was completed with, in order; null = it is not completed
 * @param fileId of the file that it became; null = none, or it is gone
 */
record UploadRow(
    String id,
    NewFile file,
    long bytes,
    UploadStatus status,
    @Nullable List<String> parts,
    @Nullable String fileId,
    Instant createdAt,
    Instant expiresAt) {
  /** A pending upload ends by itself, whether or not its row says so yet. */
  UploadStatus statusAt(Instant now) {
    return status == UploadStatus.PENDING && !expiresAt.isAfter(now)
        ? UploadStatus.EXPIRED
        : status;
  }

  boolean wasCompletedWith(List<String> wanted) {
    return wanted.equals(parts);
  }

  String departmentId() {
    return file.departmentId();
  }

  UploadObject object(Instant now, @Nullable FileObject made) {
    return new UploadObject(
        id,
        "upload",
        bytes,
        createdAt.getEpochSecond(),
        expiresAt.getEpochSecond(),
        file.filename(),
        file.purpose().wireName(),
        statusAt(now).wireName(),
        made);
  }
}
