package dev.graft.datasets;

import java.util.Arrays;
import java.util.Optional;

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
