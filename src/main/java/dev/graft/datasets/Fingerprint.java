package dev.graft.datasets;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.regex.Pattern;

/** Stands for a text whose white space does not matter. */
final class Fingerprint {
  private static final Pattern SPACE = Pattern.compile("\\s+");

  private Fingerprint() {}

  /** The first 64 bits of its SHA-256: two of a million texts are mixed up once in 10^7 files. */
  public static long of(String text) {
    byte[] bytes = SPACE.matcher(text).replaceAll(" ").strip().getBytes(StandardCharsets.UTF_8);
    try {
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes)).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
