package dev.graft.platform;

import java.util.Locale;

/** Sizes as people read them. */
public final class Bytes {
  private Bytes() {}

  public static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
