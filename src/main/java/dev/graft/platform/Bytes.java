package dev.graft.platform;

import java.util.Locale;

/** Formats sizes in decimal units: a kB has 1000 bytes. */
public final class Bytes {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

  private Bytes() {}

  /** Formats a size in the unit that fits, such as {@code 812 B}, {@code 1.5 kB}, {@code 20 MB}. */
  public static String shown(long bytes) {
    double size = bytes;
    int unit = 0;
    for (; size >= 1000 && unit < UNITS.length - 1; unit++) size /= 1000;
    String format = unit > 0 && size < 10 ? "%.1f %s" : "%.0f %s";
    return String.format(Locale.ROOT, format, size, UNITS[unit]);
  }

  /** Formats a size in GB, such as memory. */
  public static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
