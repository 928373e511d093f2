package dev.graft.console;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A file of rows, as the API tells it. */
record DataFile(
    String id,
    long bytes,
    long createdAt,
    String filename,
    String purpose,
    String status,
    String sha256,
    @Nullable Long examples,
    List<Problem> errors) {

  /**
   * @param line from 1; 0 = the file as a whole
   */
  record Problem(long line, String message) {}

  public boolean usable() {
    return status.equals("processed");
  }

  /** Whether its rows are being looked at. */
  public boolean pending() {
    return status.equals("uploaded");
  }

  /** What is likely to be wrong with the rows. */
  record Report(
      String fileId,
      String kind,
      long rows,
      long validationRows,
      boolean complete,
      @Nullable Lengths promptCharacters,
      @Nullable Lengths answerCharacters,
      List<Labelled> labels,
      List<Finding> findings) {}

  record Lengths(long median, long p95, long max) {}

  record Labelled(String label, long rows) {}

  record Finding(
      String check, String severity, long count, List<Long> lines, String message, String remedy) {}
}
