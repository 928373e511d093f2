package dev.graft.datasets.report;

import dev.graft.text.Example;
import dev.graft.text.Label;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.stream.Stream;

/** How the rows are spread over the classes. Many numbers, or such with a fraction, are none. */
final class Classes implements Inspection {
  private static final int MOST_SHOWN = 100;
  private static final int RARE = 5;
  private static final int UNBALANCED = 10;

  /** Beyond them what is told apart is hardly classes; numbers are sooner something to predict. */
  private static final int MOST = 10_000;

  private static final int MOST_NUMBERS = 20;

  private final Map<String, Lines> trained = new HashMap<>();
  private final Map<String, Lines> held = new HashMap<>();
  private boolean classes = true;

  /**
   * @param rows of the training file
   */
  public record ClassRows(String label, long rows) {}

  void held(Row row) {
    count(row, held);
  }

  @Override
  public void see(Row row) {
    count(row, trained);
  }

  private void count(Row row, Map<String, Lines> rows) {
    if (!(row.example() instanceof Example.Labelled labelled)) return;
    boolean number = labelled.label() instanceof Label.Number;
    for (String label : labelled.label().words()) {
      classes &= rows.containsKey(label) || rows.size() < (number ? MOST_NUMBERS : MOST);
      classes &= !number || label.indexOf('.') < 0;
      if (!classes) return;
      rows.computeIfAbsent(label, key -> new Lines()).add(row);
    }
  }

  /** The largest first. */
  List<ClassRows> largest() {
    if (!classes) return List.of();
    return trained.entrySet().stream()
        .map(each -> new ClassRows(each.getKey(), each.getValue().count()))
        .sorted(
            Comparator.comparingLong(ClassRows::rows).reversed().thenComparing(ClassRows::label))
        .limit(MOST_SHOWN)
        .toList();
  }

  @Override
  public Stream<QualityFinding> findings() {
    if (!classes || trained.isEmpty()) return Stream.of();
    Lines rare = new Lines();
    trained.values().stream().filter(rows -> rows.count() < RARE).forEach(rare::addAll);
    Lines unknown = new Lines();
    held.forEach(
        (label, rows) -> {
          if (!trained.containsKey(label)) unknown.addAll(rows);
        });
    return Stream.of(
            rare.finding(Defect.RARE_CLASS, Severity.WARNING),
            unbalanced(),
            unknown.finding(Defect.CLASS_ONLY_IN_VALIDATION, Severity.ERROR))
        .flatMap(found -> found);
  }

  private Stream<QualityFinding> unbalanced() {
    LongSummaryStatistics sizes =
        trained.values().stream().mapToLong(Lines::count).summaryStatistics();
    if (sizes.getMax() <= UNBALANCED * sizes.getMin()) return Stream.of();
    return Stream.of(Defect.UNBALANCED_CLASSES.ofAll(Severity.ADVICE, sizes.getMax()));
  }
}
