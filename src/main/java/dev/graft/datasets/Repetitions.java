package dev.graft.datasets;

import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rows that say again what an earlier one says. */
final class Repetitions implements Inspection {
  private final LongSet seen = new LongSet();
  private final LikeRows like;
  private final Lines same = new Lines();
  private final Lines nearly = new Lines();
  private long rows;

  public Repetitions(Sketches sketches) {
    like = new LikeRows(sketches);
  }

  @Override
  public void see(InspectedRow row) {
    rows++;
    Defect defect = defect(row);
    if (defect == Defect.DUPLICATE_ROWS) same.add(row);
    if (defect == Defect.NEAR_DUPLICATE_ROWS) nearly.add(row);
  }

  /** What of these it is a case of, among those that were asked about; null = none. */
  public @Nullable Defect defect(InspectedRow row) {
    if (!seen.add(row.rowDigest())) return Defect.DUPLICATE_ROWS;
    return like.hasLikeOrAdd(row) ? Defect.NEAR_DUPLICATE_ROWS : null;
  }

  @Override
  public Stream<QualityFinding> findings() {
    return Stream.concat(
        same.finding(Defect.DUPLICATE_ROWS, Severity.byShare(same.count(), rows)),
        nearly.finding(
            Defect.NEAR_DUPLICATE_ROWS,
            nearly.count() * 5 > rows ? Severity.WARNING : Severity.ADVICE));
  }
}
