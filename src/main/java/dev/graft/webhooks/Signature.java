package dev.graft.webhooks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Signs a request as Standard Webhooks 1.0 says: {@code v1,} and the base64 of HMAC-SHA256 over
 * {@code id.timestamp.body}.
 */
final class Signature {
  /** Stands before a secret where people see it; the rest is base64. */
  public static final String PREFIX = "whsec_";

  private static final String ALGORITHM = "HmacSHA256";

  private Signature() {}

  /**
   * @param secrets the bytes of each that is in force; the receiver has one of them
   * @param timestamp in unix seconds
   * @return the header {@code webhook-signature}
   */
  static String of(List<byte[]> secrets, String id, long timestamp, String body) {
    String signed = id + "." + timestamp + "." + body;
    return secrets.stream()
        .map(secret -> "v1," + Base64.getEncoder().encodeToString(hmac(secret, signed)))
        .collect(Collectors.joining(" "));
  }

  private static byte[] hmac(byte[] secret, String signed) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret, ALGORITHM));
      return mac.doFinal(signed.getBytes(UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HMAC-SHA256", e);
    }
  }
}
