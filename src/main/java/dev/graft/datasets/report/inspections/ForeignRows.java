package dev.graft.datasets.report.inspections;

import dev.graft.datasets.report.findings.Defect;
import dev.graft.datasets.report.findings.Lines;
import dev.graft.datasets.report.findings.QualityFinding;
import dev.graft.datasets.report.findings.Severity;
import dev.graft.datasets.report.rows.InspectedRow;
import dev.graft.text.row.Example;
import dev.graft.text.row.RowFormat;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows that can be made OpenAI's chat rows, and whether that has to be. */
public final class ForeignRows {
  private final Lines unspoken = new Lines();
  private long rows;

  public void see(InspectedRow row) {
    rows++;
    boolean silent =
        row.example() instanceof Example.Chat chat
            && chat.messages().stream().noneMatch(turn -> InspectedRow.is(turn, "assistant"));
    if (silent) unspoken.add(row);
  }

  /**
   * @param format of the file; null = nothing is found
   */
  public Stream<QualityFinding> findings(@Nullable RowFormat format) {
    return switch (format) {
      case null -> Stream.of();
      case SHAREGPT ->
          unspoken.count() > 0
              ? unspoken.finding(Defect.SHAREGPT_ROWS, Severity.ERROR)
              : Stream.of(Defect.SHAREGPT_ROWS.ofAll(Severity.ADVICE, rows));
      case ALPACA -> Stream.of(Defect.ALPACA_ROWS.ofAll(Severity.ADVICE, rows));
      case QUESTION_ANSWER -> Stream.of();
    };
  }
}
