package dev.graft.artifacts;

import java.util.Base64;
import java.util.HexFormat;

/**
 * What an object must hold.
 *
 * @param bytes its length
 * @param sha256 in hexadecimal
 */
record ObjectContent(long bytes, String sha256) {
  /** The digest as S3 writes it. */
  String base64() {
    return Base64.getEncoder().encodeToString(HexFormat.of().parseHex(sha256));
  }
}
