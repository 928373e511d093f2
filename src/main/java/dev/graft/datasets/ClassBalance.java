package dev.graft.datasets;

import dev.graft.text.Example;
import dev.graft.text.Label;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** How the rows are spread over the classes. Many numbers, or such with a fraction, are none. */
final class ClassBalance implements Inspection {
  private static final int MOST_SHOWN = 100;
  private static final int RARE = 5;
  private static final int UNBALANCED = 10;

  /** Beyond them what is told apart is hardly classes; numbers are sooner something to predict. */
  private static final int MOST = 10_000;

  private static final int MOST_NUMBERS = 20;

  /** Rows by all of their labels, so that each is counted once. */
  private final Map<List<String>, Lines> trained = new HashMap<>();

  private final Map<List<String>, Lines> held = new HashMap<>();
  private boolean classes = true;

  /**
   * @param rows of the training file
   */
  public record ClassRows(String label, long rows) {}

  public void held(InspectedRow row) {
    count(row, held);
  }

  @Override
  public void see(InspectedRow row) {
    count(row, trained);
  }

  private void count(InspectedRow row, Map<List<String>, Lines> rows) {
    if (!(row.example() instanceof Example.Labelled labelled)) return;
    List<String> labels = labelled.label().words().stream().distinct().sorted().toList();
    boolean number = labelled.label() instanceof Label.Number;
    classes &= rows.containsKey(labels) || rows.size() < (number ? MOST_NUMBERS : MOST);
    classes &= !number || labels.getFirst().indexOf('.') < 0;
    if (classes) rows.computeIfAbsent(labels, key -> new Lines()).add(row);
  }

  private static Map<String, Long> sizes(Map<List<String>, Lines> rows) {
    Map<String, Long> sizes = new HashMap<>();
    rows.forEach(
        (labels, lines) -> labels.forEach(label -> sizes.merge(label, lines.count(), Long::sum)));
    return sizes;
  }

  /** The largest first. */
  public List<ClassRows> largest() {
    if (!classes) return List.of();
    return sizes(trained).entrySet().stream()
        .map(each -> new ClassRows(each.getKey(), each.getValue()))
        .sorted(
            Comparator.comparingLong(ClassRows::rows).reversed().thenComparing(ClassRows::label))
        .limit(MOST_SHOWN)
        .toList();
  }

  @Override
  public Stream<QualityFinding> findings() {
    Map<String, Long> sizes = sizes(trained);
    if (!classes || sizes.isEmpty()) return Stream.of();
    return Stream.of(
            with(trained, label -> sizes.getOrDefault(label, 0L) < RARE)
                .finding(Defect.RARE_CLASS, Severity.WARNING),
            unbalanced(sizes),
            with(held, label -> !sizes.containsKey(label))
                .finding(Defect.CLASS_ONLY_IN_VALIDATION, Severity.ERROR))
        .flatMap(found -> found);
  }

  /** The rows that have such a label. */
  private static Lines with(Map<List<String>, Lines> rows, Predicate<String> label) {
    Lines with = new Lines();
    rows.forEach(
        (labels, lines) -> {
          if (labels.stream().anyMatch(label)) with.addAll(lines);
        });
    return with;
  }

  private static Stream<QualityFinding> unbalanced(Map<String, Long> sizes) {
    LongSummaryStatistics all =
        sizes.values().stream().mapToLong(Long::longValue).summaryStatistics();
    if (all.getMax() <= UNBALANCED * all.getMin()) return Stream.of();
    return Stream.of(Defect.UNBALANCED_CLASSES.ofAll(Severity.ADVICE, all.getMax()));
  }
}
