package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A request that creates an object and that a client may repeat.
 *
 * @param caller the id of the caller, such as a department
 * @param route such as {@code POST /v1/fine_tuning/jobs}
 * @param bodyHash the hash of everything that determines the object; see {@link #hash}
 * @param retryCount {@code X-Stainless-Retry-Count}: 0 is a new request, a higher number a retry
 * @param idempotencyKey {@code Idempotency-Key}, or null
 */
public record IdempotentRequest(
    String caller, String route, String bodyHash, int retryCount, @Nullable String idempotencyKey) {
  private static final int LONGEST_KEY = 255;

  public IdempotentRequest {
    if (idempotencyKey != null
        && (idempotencyKey.isBlank() || idempotencyKey.length() > LONGEST_KEY)) {
      throw RequestFailed.invalid(
          "Idempotency-Key", "Idempotency-Key must have 1 to " + LONGEST_KEY + " characters.");
    }
  }

  /** Reads the two headers; an invalid retry count is 0. */
  public static IdempotentRequest of(
      HttpServletRequest request, String caller, String route, String bodyHash) {
    return new IdempotentRequest(
        caller,
        route,
        bodyHash,
        retryCount(request.getHeader("X-Stainless-Retry-Count")),
        request.getHeader("Idempotency-Key"));
  }

  /**
   * Returns the SHA-256 of the parts in hex, each with its length, so that the parts are
   * unambiguous.
   */
  public static String hash(String... parts) {
    MessageDigest digest = Sha256.digest();
    for (String part : parts) {
      byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
      digest.update(bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static int retryCount(@Nullable String header) {
    try {
      return header == null ? 0 : Math.max(0, Integer.parseInt(header.strip()));
    } catch (NumberFormatException notANumber) {
      return 0;
    }
  }
}
