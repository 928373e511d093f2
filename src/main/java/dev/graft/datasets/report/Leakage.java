package dev.graft.datasets.report;

import dev.graft.text.Example;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;

/** Rows that are trained on and measured with. */
final class Leakage implements Inspection {
  private final Set<Long> rows = new HashSet<>();
  private final Set<Long> prompts = new HashSet<>();
  private final LikeRows like;
  private final Lines same = new Lines();
  private final Lines nearly = new Lines();
  private final Lines asked = new Lines();

  Leakage(Shingles shingles) {
    like = new LikeRows(shingles);
  }

  /** A row to measure with; all of them come first. */
  void held(Row row) {
    rows.add(Fingerprint.of(row));
    if (asks(row)) prompts.add(Fingerprint.of(row.prompt()));
    like.hasLikeOrAdd(row);
  }

  @Override
  public void see(Row row) {
    if (rows.contains(Fingerprint.of(row))) {
      same.add(row);
    } else if (asks(row) && prompts.contains(Fingerprint.of(row.prompt()))) {
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
