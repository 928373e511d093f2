package dev.graft.datasets;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
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

  /**
   * What a file was made of, or how it came.
   *
   * @param parent the file whose rows these were, or the import that fetched it
   * @param remedies what was done about them; empty where they were converted only
   * @param validationFile the file that they were compared with; null = with none
   */
  record FileOrigin(String parent, List<Remedy> remedies, @Nullable String validationFile) {
    /** How many rows a remedy was done to; null before it is done. */
    public record Remedied(Remedy remedy, @Nullable Long rows) {}
  }

  /** What a file is for, by OpenAI's names; those that Graft has. */
  enum FilePurpose {
    FINE_TUNE("fine-tune"),
    FINE_TUNE_RESULTS("fine-tune-results"),
    /** Taken as it is; see {@link UserData}. */
    USER_DATA("user_data");

    private final String wireName;

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
