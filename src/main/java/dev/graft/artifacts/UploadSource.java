package dev.graft.artifacts;

import java.nio.file.Path;

/**
 * A local file that becomes an object.
 *
 * @param bytes its length
 * @param sha256 in hexadecimal
 */
public record UploadSource(Path file, long bytes, String sha256) {
  /** The digest as S3 writes it. */
  String base64() {
    return new ObjectContent(bytes, sha256).base64();
  }
}
