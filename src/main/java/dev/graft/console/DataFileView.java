package dev.graft.console;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A file of rows, as the API tells it. */
record DataFileView(
    String id,
    long bytes,
    long createdAt,
    String filename,
    String purpose,
    String status,
    String sha256,
    @Nullable Long examples,
    @Nullable String format,
    @Nullable String kind,
    List<ProblemView> errors,
    @Nullable String parent,
    List<RemediedView> remedies) {

  /** How many rows a remedy was done to; null before it is done. */
  public record RemediedView(String remedy, @Nullable Long rows) {}

  /**
   * @param line from 1; 0 = the file as a whole
   */
  public record ProblemView(long line, String message) {}

  public boolean usable() {
    return status.equals("processed");
  }

  /** The name of its format, if chat rows can be made of its rows; else null. */
  public @Nullable String convertible() {
    return switch (format) {
      case null -> null;
      case "sharegpt" -> "ShareGPT's format (conversations, from, value)";
      case "alpaca" -> "Alpaca's format (instruction, input, output)";
      default -> "the form of a question and its answer";
    };
  }

  /** Whether its rows are being looked at. */
  public boolean pending() {
    return status.equals("uploaded");
  }

  /** What is likely to be wrong with the rows. */
  public record ReportView(
      String fileId,
      @Nullable String validationFileId,
      String kind,
      long rows,
      long validationRows,
      boolean complete,
      @Nullable LengthsView promptCharacters,
      @Nullable LengthsView answerCharacters,
      List<LabelledView> labels,
      List<FindingView> findings) {
    /** What can be done about them on request, each once. */
    public List<String> remedies() {
      return findings.stream()
          .flatMap(finding -> Stream.ofNullable(finding.remediedBy()))
          .distinct()
          .toList();
    }
  }

  public record LengthsView(long median, long max) {}

  public record LabelledView(String label, long rows) {}

  public record FindingView(
      String severity,
      long count,
      List<Long> lines,
      String message,
      String remedy,
      @Nullable String remediedBy) {}
}
