package dev.graft.tenancy;

import java.time.Instant;
import java.util.Locale;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code department_erasure}.
 *
 * @param rowsDeleted by table
 * @param salt of pseudonyms; null when the rows are gone
 * @param notedAt when a sweep found the content unneeded
 */
record Erasure(
    String id,
    String departmentId,
    Instant requestedAt,
    String requestedBy,
    @Nullable String reason,
    Status status,
    SortedMap<String, Long> rowsDeleted,
    @Nullable String salt,
    @Nullable Instant rowsDeletedAt,
    @Nullable Instant notedAt,
    @Nullable Instant finishedAt,
    @Nullable Signed signed) {

  enum Status {
    STOPPING,
    DELETING_ROWS,
    DELETING_CONTENT,
    SUCCEEDED;

    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * @param certificate canonical JSON
   * @param signature Ed25519 (RFC 8032) of its UTF-8
   * @param publicKey X.509 SubjectPublicKeyInfo in DER
   */
  record Signed(String certificate, byte[] signature, byte[] publicKey) {}
}
