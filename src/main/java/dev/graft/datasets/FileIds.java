package dev.graft.datasets;

import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;

/**
 * Ids {@code file-} + 32 hexadecimal digits: 12 of milliseconds, then random ones. They grow with
 * time, so a list goes by id and its cursor may even name a file that is gone.
 */
final class FileIds {
  static final String BEFORE_ALL = "file-";
  static final String AFTER_ALL = "file-g";

  private static final SecureRandom RANDOM = new SecureRandom();

  private FileIds() {}

  static String next(Instant now) {
    byte[] random = new byte[10];
    RANDOM.nextBytes(random);
    return "file-%012x%s".formatted(now.toEpochMilli(), HexFormat.of().formatHex(random));
  }

  static boolean valid(String id) {
    return id.matches("file-[0-9a-f]{32}");
  }
}
