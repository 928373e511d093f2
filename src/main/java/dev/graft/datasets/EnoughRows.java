package dev.graft.datasets;

import java.util.stream.Stream;

/** Whether there are enough rows to learn from. */
final class EnoughRows implements Inspection {
  private static final int HARDLY_ANY = 10;
  private static final int FEW = 50;

  private long rows;

  @Override
  public void see(InspectedRow row) {
    rows++;
  }

  public long rows() {
    return rows;
  }

  @Override
  public Stream<QualityFinding> findings() {
    if (rows >= FEW) return Stream.of();
    return Stream.of(
        Defect.FEW_ROWS.ofAll(rows < HARDLY_ANY ? Severity.ERROR : Severity.ADVICE, rows));
  }
}
