package dev.graft.datasets;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a file before its content.
 *
 * @param filename made harmless for a header or a list; it is never a path
 * @param lifetime from its creation, or null if it stays
 * @param options how its rows are made
 * @param origin what it is made of; null = it came from outside
 */
record NewFile(
    String departmentId,
    String filename,
    FilePurpose purpose,
    @Nullable Duration lifetime,
    DecodingOptions options,
    @Nullable FileOrigin origin) {
  private static final int MAX_FILENAME = 255;

  public NewFile {
    int folder = Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\'));
    StringBuilder printable = new StringBuilder();
    filename
        .substring(folder + 1)
        .codePoints()
        .filter(c -> !Character.isISOControl(c) && Character.getType(c) != Character.SURROGATE)
        .limit(MAX_FILENAME)
        .forEach(printable::appendCodePoint);
    filename = printable.isEmpty() ? "file" : printable.toString();
  }

  public NewFile(
      String departmentId,
      String filename,
      FilePurpose purpose,
      @Nullable Duration lifetime,
      DecodingOptions options) {
    this(departmentId, filename, purpose, lifetime, options, null);
  }
}
