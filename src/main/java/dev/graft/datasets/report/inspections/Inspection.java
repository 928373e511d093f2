package dev.graft.datasets.report.inspections;

import dev.graft.datasets.report.findings.QualityFinding;
import dev.graft.datasets.report.rows.InspectedRow;
import java.util.stream.Stream;

/** Sees every row of a training file, then says what it found. */
public interface Inspection {
  void see(InspectedRow row);

  Stream<QualityFinding> findings();
}
