package dev.graft.platform;

import java.security.SecureRandom;
import java.time.Clock;

/**
 * Generates public ids: a prefix and a UUIDv7 (RFC 9562) in Crockford's base 32, lower case. Later
 * ids of a process sort later, so an id is also a cursor.
 */
public final class Ids {
  private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
  private static final int LENGTH = 26;
  private static final int COUNTER_LIMIT = 1 << 12;

  private final Clock clock;
  private final SecureRandom random = new SecureRandom();
  private long lastMillis;
  private int counter;

  public Ids(Clock clock) {
    this.clock = clock;
  }

  /**
   * @param prefix with its separator, such as {@code "file-"}
   */
  public String next(String prefix) {
    long high;
    synchronized (this) {
      advance();
      high = lastMillis << 16 | 0x7000L | counter;
    }
    long low = random.nextLong() & 0x3fffffffffffffffL | 0x8000000000000000L;
    return prefix + base32(high, low);
  }

  /**
   * Counts within a millisecond in the 12 bits after the version; an overflow uses the next
   * millisecond.
   */
  private void advance() {
    long now = clock.millis();
    if (now > lastMillis) {
      lastMillis = now;
      counter = random.nextInt(COUNTER_LIMIT / 2);
    } else if (++counter == COUNTER_LIMIT) {
      lastMillis++;
      counter = 0;
    }
  }

  private static String base32(long high, long low) {
    char[] text = new char[LENGTH];
    for (int i = LENGTH - 1; i >= 0; i--) {
      text[i] = ALPHABET.charAt((int) (low & 31));
      low = low >>> 5 | high << 59;
      high >>>= 5;
    }
    return new String(text);
  }
}
