package dev.graft.datasets.report;

import java.util.stream.Stream;

/** Rows that say again what an earlier one says. */
final class Repetitions implements Inspection {
  private final LongSet seen = new LongSet();
  private final LikeRows like;
  private final Lines same = new Lines();
  private final Lines nearly = new Lines();
  private long rows;

  Repetitions(Sketches sketches) {
    like = new LikeRows(sketches);
  }

  @Override
  public void see(Row row) {
    rows++;
    if (!seen.add(row.rowDigest())) {
      same.add(row);
    } else if (like.hasLikeOrAdd(row)) {
      nearly.add(row);
    }
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
