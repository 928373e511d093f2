package dev.graft.platform;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Signs tokens that give access to one object until they expire: object, expiry and key id in
 * base64url with their HMAC-SHA256 (RFC 2104). Tokens are not stored.
 */
@Component
public class SignedLinks {
  /** The maximum lifetime of a link. */
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
   * @param what the object of the link, which {@link #read} returns
   */
  public String sign(String what, Instant until) {
    LinkKeys.Key key = keys.current();
    String text = String.join(SEPARATOR, key.id(), String.valueOf(until.getEpochSecond()), what);
    String claims = base64(text.getBytes(StandardCharsets.UTF_8));
    return claims + "." + base64(mac(key, claims));
  }

  /** Returns the object of a token; empty if its signature is not valid or it has expired. */
  public Optional<String> read(String token) {
    int dot = token.indexOf('.');
    if (dot < 0 || token.length() > MOST_CHARACTERS) return Optional.empty();
    try {
      String claims = token.substring(0, dot);
      byte[] mac = Base64.getUrlDecoder().decode(token.substring(dot + 1));
      String text = new String(Base64.getUrlDecoder().decode(claims), StandardCharsets.UTF_8);
      List<String> parts = List.of(text.split(SEPARATOR, 3));
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

  /** The keys of {@link SignedLinks}, stored in the database so that all servers share them. */
  @Component
  static class LinkKeys {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int BYTES = 32;
    private static final Duration SIGNS_FOR = Duration.ofDays(30);

    private final JdbcClient sql;
    private final Ids ids;

    LinkKeys(JdbcClient sql, Ids ids) {
      this.sql = sql;
      this.ids = ids;
    }

    record Key(String id, byte[] secret) {
      private static Key of(ResultSet row, int number) throws SQLException {
        return new Key(row.getString("id"), row.getBytes("secret"));
      }
    }

    /**
     * Returns the current signing key. After 30 days it is replaced, and it is deleted when its
     * links have expired.
     */
    @Transactional
    Key current() {
      return sql.sql(
              """
              select id, secret from link_key
               where created_at > graft_now() - make_interval(secs => :signs_for)
               order by created_at desc, id desc limit 1
              """)
          .param("signs_for", SIGNS_FOR.toSeconds())
          .query(Key::of)
          .optional()
          .orElseGet(this::next);
    }

    private Key next() {
      byte[] secret = new byte[BYTES];
      RANDOM.nextBytes(secret);
      Key key = new Key(ids.next("lk_"), secret);
      sql.sql("insert into link_key (id, secret, created_at) values (:id, :secret, graft_now())")
          .param("id", key.id())
          .param("secret", secret)
          .update();
      sql.sql("delete from link_key where created_at < graft_now() - make_interval(secs => :lives)")
          .param("lives", SIGNS_FOR.plus(SignedLinks.LONGEST).toSeconds())
          .update();
      return key;
    }

    Optional<Key> find(String id) {
      return sql.sql("select id, secret from link_key where id = :id")
          .param("id", id)
          .query(Key::of)
          .optional();
    }
  }
}
