package dev.graft.datasets.report;

import java.util.stream.Stream;

/** Sees every row of a training file, then says what it found. */
interface Inspection {
  void see(Row row);

  Stream<QualityFinding> findings();
}
