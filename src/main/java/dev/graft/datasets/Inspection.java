package dev.graft.datasets;

import java.util.stream.Stream;

/** Sees every row of a training file, then says what it found. */
interface Inspection {
  void see(InspectedRow row);

  Stream<QualityFinding> findings();
}
