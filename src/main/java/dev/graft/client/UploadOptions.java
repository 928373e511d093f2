package dev.graft.client;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Option;

/** What an uploaded file is for, and how its rows are made. */
final class UploadOptions {
  static final UploadOptions NONE = new UploadOptions();

  @Option(
      names = "--column",
      paramLabel = "FIELD=COLUMN",
      description =
          "The column of a CSV file that is a field of its rows, such as user=question; once for"
              + " each field.")
  private Map<String, String> columns = new LinkedHashMap<>();

  @Option(
      names = "--ignore-unknown-keys",
      description = "Leave out keys, and columns of CSV, that no kind of row has.")
  private boolean ignoreUnknownKeys;

  @Option(
      names = "--purpose",
      defaultValue = "fine-tune",
      description = "${DEFAULT-VALUE}; administrators: user_data, a base model in an archive.")
  private String purpose = "fine-tune";

  UploadOptions() {}

  UploadOptions(boolean ignoreUnknownKeys) {
    this.ignoreUnknownKeys = ignoreUnknownKeys;
  }

  /** Field to column; empty where none were given. */
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
