package dev.graft.datasets.report;

import dev.graft.text.Example;
import java.util.stream.Stream;

/** Rows that are trained on and measured with. */
final class Leakage implements Inspection {
  private final LongSet rows = new LongSet();
  private final LongSet prompts = new LongSet();
  private final LikeRows like;
  private final Lines same = new Lines();
  private final Lines nearly = new Lines();
  private final Lines asked = new Lines();

  Leakage(Sketches sketches) {
    like = new LikeRows(sketches);
  }

  /** A row to measure with; all of them come first. */
  void held(Row row) {
    rows.add(row.rowDigest());
    if (asks(row)) prompts.add(row.promptDigest());
    like.hasLikeOrAdd(row);
  }

  @Override
  public void see(Row row) {
    if (rows.contains(row.rowDigest())) {
      same.add(row);
    } else if (asks(row) && prompts.contains(row.promptDigest())) {
      asked.add(row);
    } else if (like.hasLike(row)) {
      nearly.add(row);
    }
  }

  /** A text has no prompt. */
  private static boolean asks(Row row) {
    return !(row.example() instanceof Example.Text) && !row.said().isBlank();
  }

  @Override
  public Stream<QualityFinding> findings() {
    return Stream.of(
            same.finding(Defect.ROW_IN_VALIDATION, Severity.ERROR),
            asked.finding(Defect.PROMPT_IN_VALIDATION, Severity.WARNING),
            nearly.finding(Defect.ROW_NEARLY_IN_VALIDATION, Severity.WARNING))
        .flatMap(found -> found);
  }
}
