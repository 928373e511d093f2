package dev.graft.datasets.report.inspections;

import dev.graft.datasets.report.findings.Defect;
import dev.graft.datasets.report.findings.Lines;
import dev.graft.datasets.report.findings.QualityFinding;
import dev.graft.datasets.report.findings.Severity;
import dev.graft.datasets.report.rows.InspectedRow;
import dev.graft.datasets.report.rows.LikeRows;
import dev.graft.datasets.report.rows.LongSet;
import dev.graft.datasets.report.rows.Sketches;
import java.util.stream.Stream;

/** Rows that say again what an earlier one says. */
public final class Repetitions implements Inspection {
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
