package dev.graft.datasets;

import jakarta.persistence.EnumeratedValue;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Describes a file before its content is known.
 *
 * @param filename made harmless for a header or a list; it is never a path
 * @param lifetime from its creation, or null if it stays
 * @param options how its rows are read
 * @param origin its source; null = it was uploaded
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

  /**
   * The source of a file that was not uploaded.
   *
   * @param parent the file from whose rows it was made, or the import that fetched it
   * @param remedies applied to the rows; empty if they were only converted
   * @param validationFile the file that the rows were compared with; null = none
   */
  record FileOrigin(String parent, List<Remedy> remedies, @Nullable String validationFile) {
    /** A remedy and the number of rows that it changed; null before it is applied. */
    public record Remedied(Remedy remedy, @Nullable Long rows) {}
  }

  /** The purpose of a file; a part of OpenAI's purposes. */
  enum FilePurpose {
    FINE_TUNE("fine-tune"),
    FINE_TUNE_RESULTS("fine-tune-results"),
    /** Not validated; see {@link StoredFiles#findUserData}. */
    USER_DATA("user_data");

    @EnumeratedValue private final String wireName;

    FilePurpose(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }

    public static Optional<FilePurpose> named(String wireName) {
      return Arrays.stream(values()).filter(p -> p.wireName.equals(wireName)).findFirst();
    }
  }
}
