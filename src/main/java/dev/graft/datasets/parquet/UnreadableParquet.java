package dev.graft.datasets.parquet;

import java.io.IOException;

/** A Parquet file is damaged, or contains values that JSON does not have. */
public final class UnreadableParquet extends IOException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  private UnreadableParquet(String reason) {
    super(reason);
    this.reason = reason;
  }

  static UnreadableParquet because(String reason, Object... values) {
    return new UnreadableParquet(reason.formatted(values));
  }

  static UnreadableParquet damaged(String what, Object... values) {
    return new UnreadableParquet("is damaged Parquet: " + what.formatted(values));
  }

  static UnreadableParquet cutOff() {
    return damaged("a page is cut off");
  }

  /** Returns the message without its subject, which is the file. */
  public String reason() {
    return reason;
  }
}
