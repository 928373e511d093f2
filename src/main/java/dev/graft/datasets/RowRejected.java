package dev.graft.datasets;

/** A row that cannot be trained on; the message holds none of its content. */
final class RowRejected extends RuntimeException {
  RowRejected(String message) {
    super(message);
  }
}
