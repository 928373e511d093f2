package dev.graft.datasets;

/** This department has no such file. */
final class FileMissing extends RuntimeException {
  private FileMissing(String message) {
    super(message);
  }

  static FileMissing named(String id) {
    return new FileMissing(
        FileIds.valid(id) ? "no file '" + id + "'" : "no such file; ids look like file-...");
  }
}
