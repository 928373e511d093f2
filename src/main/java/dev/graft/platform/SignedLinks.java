package dev.graft.platform;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.stereotype.Component;

/**
 * Tokens that let whoever has them see one thing until a time: what, until when and by which key,
 * in base64url, and their HMAC-SHA256 (RFC 2104). Nothing about a token is stored.
 */
@Component
public class SignedLinks {
  /** No link lives longer. */
  public static final Duration LONGEST = Duration.ofDays(7);

  private static final String ALGORITHM = "HmacSHA256";
  private static final String SEPARATOR = "\n";
  private static final int MOST_CHARACTERS = 2048;

  private final LinkKeys keys;
  private final Clock clock;

  SignedLinks(LinkKeys keys, Clock clock) {
    this.keys = keys;
    this.clock = clock;
  }

  /**
   * @param what the link is to; read back as it is
   */
  public String sign(String what, Instant until) {
    LinkKeys.Key key = keys.current();
    String said = String.join(SEPARATOR, key.id(), String.valueOf(until.getEpochSecond()), what);
    String claims = base64(said.getBytes(StandardCharsets.UTF_8));
    return claims + "." + base64(mac(key, claims));
  }

  /** What a token is to; empty if nobody here has signed it, or its time is over. */
  public Optional<String> read(String token) {
    int dot = token.indexOf('.');
    if (dot < 0 || token.length() > MOST_CHARACTERS) return Optional.empty();
    try {
      String claims = token.substring(0, dot);
      byte[] mac = Base64.getUrlDecoder().decode(token.substring(dot + 1));
      String said = new String(Base64.getUrlDecoder().decode(claims), StandardCharsets.UTF_8);
      List<String> parts = List.of(said.split(SEPARATOR, 3));
      if (parts.size() < 3 || parts.getFirst().indexOf('\0') >= 0) return Optional.empty();
      return keys.find(parts.getFirst())
          .filter(key -> MessageDigest.isEqual(mac(key, claims), mac))
          .filter(key -> clock.instant().getEpochSecond() < Long.parseLong(parts.get(1)))
          .map(key -> parts.get(2));
    } catch (IllegalArgumentException malformed) {
      return Optional.empty();
    }
  }

  private static byte[] mac(LinkKeys.Key key, String claims) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(key.secret(), ALGORITHM));
      return mac.doFinal(claims.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HMAC-SHA256", e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
