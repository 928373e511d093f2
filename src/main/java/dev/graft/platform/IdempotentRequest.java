package dev.graft.platform;

import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * A request that makes something and that a client may repeat without wanting it twice.
 *
 * @param caller whose, such as the department's id
 * @param route such as {@code POST /v1/fine_tuning/jobs}
 * @param bodyHash of everything that decides what is made; see {@link #hash}
 * @param retryCount {@code X-Stainless-Retry-Count}: 0 is a new wish, more is the same one again
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

  /** Reads the two headers; a retry count that is no number is 0. */
  public static IdempotentRequest of(
      HttpServletRequest request, String caller, String route, String bodyHash) {
    return new IdempotentRequest(
        caller,
        route,
        bodyHash,
        retryCount(request.getHeader("X-Stainless-Retry-Count")),
        request.getHeader("Idempotency-Key"));
  }

  /** SHA-256 in hexadecimal over the parts, each with its length, so that no two sets collide. */
  public static String hash(String... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
        digest.update(bytes);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static int retryCount(@Nullable String header) {
    try {
      return header == null ? 0 : Math.max(0, Integer.parseInt(header.strip()));
    } catch (NumberFormatException notANumber) {
      return 0;
    }
  }
}
