package dev.graft.datasets;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** The rows that one finding is about: their number, and where the first of them are. */
final class Lines {
  private static final int SHOWN = 5;

  private final List<Long> first = new ArrayList<>();
  private long count;

  public void add(InspectedRow row) {
    count++;
    if (first.size() < SHOWN) first.add(row.line());
  }

  /** Rows that none of these are among. */
  public void addAll(Lines others) {
    count += others.count;
    first.addAll(others.first);
    Collections.sort(first);
    while (first.size() > SHOWN) first.removeLast();
  }

  public long count() {
    return count;
  }

  /** Nothing if there is no row. */
  public Stream<QualityFinding> finding(Defect defect, Severity severity) {
    if (count == 0) return Stream.of();
    return Stream.of(defect.of(severity, count, List.copyOf(first)));
  }
}
