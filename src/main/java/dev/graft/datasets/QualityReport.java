package dev.graft.datasets;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.InputStreamSource;

/**
 * What stands in a training file, and what of it is likely to be wrong.
 *
 * @param kind of its rows: {@code chat}, {@code prompt_completion} and so on
 * @param rows that were read
 * @param validationRows that were read; 0 without a validation file
 * @param complete false where one of the files is larger than what was read of it
 * @param promptCharacters of the rows: before the last answer
 * @param answerCharacters of the last answers
 * @param labels the largest classes, at most 100; empty where rows have none
 * @param findings the gravest first
 */
record QualityReport(
    String kind,
    long rows,
    long validationRows,
    boolean complete,
    LengthStatistics.Summary promptCharacters,
    LengthStatistics.Summary answerCharacters,
    List<ClassBalance.ClassRows> labels,
    List<QualityFinding> findings) {

  /**
   * Reads valid files; rows that are not are passed over.
   *
   * @param mostBytes to read of each file; whole rows are read
   * @param mostTime to take; what is read by then is reported
   */
  public static QualityReport of(
      InputStreamSource training,
      @Nullable InputStreamSource validation,
      long mostBytes,
      Duration mostTime)
      throws IOException {
    return new ReportReader(training, mostBytes, mostTime).with(validation);
  }
}
