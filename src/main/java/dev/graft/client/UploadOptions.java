package dev.graft.client;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** The purpose of an uploaded file, and how to read its rows. */
final class UploadOptions {
  static final UploadOptions NONE = new UploadOptions();

  @Option(
      names = "--column",
      paramLabel = "FIELD=COLUMN",
      description =
          "The CSV column for a field of the rows, such as user=question; repeat it for each"
              + " field.")
  private Map<String, String> columns = new LinkedHashMap<>();

  @Option(
      names = "--ignore-unknown-keys",
      description = "Ignore keys and CSV columns that no kind of row defines.")
  private boolean ignoreUnknownKeys;

  @Option(
      names = "--purpose",
      defaultValue = "fine-tune",
      description =
          "The purpose of the file (${DEFAULT-VALUE}); administrators: user_data for a base model"
              + " in an archive.")
  private String purpose = "fine-tune";

  UploadOptions() {}

  UploadOptions(boolean ignoreUnknownKeys) {
    this.ignoreUnknownKeys = ignoreUnknownKeys;
  }

  /** Returns the column of each field; empty if none were given. */
  Map<String, String> columns() {
    return columns;
  }

  String purpose() {
    return purpose;
  }

  boolean ignoreUnknownKeys() {
    return ignoreUnknownKeys;
  }
}
