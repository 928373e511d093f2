package dev.graft.datasets;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code upload_part}; the bytes are kept in the artifact store under its id.
 *
 * @param bytes null while it arrives
 */
record PartRow(String id, String uploadId, @Nullable Long bytes, Instant createdAt) {
  /**
   * OpenAI's UploadPart.
   *
   * @param createdAt Unix time in seconds
   */
  record PartObject(String id, String object, long createdAt, String uploadId) {}

  PartObject object() {
    return new PartObject(id, "upload.part", createdAt.getEpochSecond(), uploadId);
  }
}
