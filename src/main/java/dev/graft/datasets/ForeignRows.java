package dev.graft.datasets;

import dev.graft.text.RowFormat;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows that can be made OpenAI's chat rows. */
final class ForeignRows {
  private ForeignRows() {}

  /**
   * @param format of the file; null = nothing is found
   * @param rows how many it has
   */
  public static Stream<QualityFinding> findings(@Nullable RowFormat format, long rows) {
    return switch (format) {
      case null -> Stream.of();
      case SHAREGPT -> Stream.of(QualityFinding.Defect.SHAREGPT_ROWS.ofAll(QualityFinding.Severity.ADVICE, rows));
      case ALPACA -> Stream.of(QualityFinding.Defect.ALPACA_ROWS.ofAll(QualityFinding.Severity.ADVICE, rows));
      case QUESTION_ANSWER -> Stream.of();
    };
  }
}
