package dev.graft.text;

/** A row that cannot be trained on under this tokenizer, template and settings. */
public final class RowRejected extends RuntimeException {
  private final long line;

  RowRejected(long line, String message) {
    super(message);
    this.line = line;
  }

  public long line() {
    return line;
  }
}
