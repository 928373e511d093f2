package dev.graft.datasets;

import dev.graft.text.Example;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows that are trained on and measured with. */
final class Leakage implements Inspection {
  private final LongSet rows = new LongSet();
  private final LongSet prompts = new LongSet();
  private final LikeRows like;
  private final Lines same = new Lines();
  private final Lines nearly = new Lines();
  private final Lines asked = new Lines();

  public Leakage(Sketches sketches) {
    like = new LikeRows(sketches);
  }

  /** A row to measure with; all of them come first. */
  public void held(InspectedRow row) {
    rows.add(row.rowDigest());
    if (asks(row)) prompts.add(row.promptDigest());
    like.hasLikeOrAdd(row);
  }

  @Override
  public void see(InspectedRow row) {
    switch (defect(row)) {
      case ROW_IN_VALIDATION -> same.add(row);
      case PROMPT_IN_VALIDATION -> asked.add(row);
      case ROW_NEARLY_IN_VALIDATION -> nearly.add(row);
      case null, default -> {}
    }
  }

  /** What of these it is a case of; null = none. */
  public @Nullable Defect defect(InspectedRow row) {
    if (rows.contains(row.rowDigest())) return Defect.ROW_IN_VALIDATION;
    if (asks(row) && prompts.contains(row.promptDigest())) return Defect.PROMPT_IN_VALIDATION;
    return like.hasLike(row) ? Defect.ROW_NEARLY_IN_VALIDATION : null;
  }

  /** A text has no prompt. */
  private static boolean asks(InspectedRow row) {
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
