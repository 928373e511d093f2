package dev.graft.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The result of a golden case.
 *
 * @param measures largest differences from the reference, empty if skipped
 * @param skipped why the case was not run, or null
 */
public record GoldenResult(String name, List<Measure> measures, @Nullable String skipped) {
  /** A difference and its tolerance. */
  public record Measure(String what, double difference, double limit) {
    public boolean passed() {
      return difference <= limit; // NaN fails
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "%s%s %.1e/%.0e", passed() ? "" : "FAIL ", what, difference, limit);
    }
  }

  public GoldenResult {
    measures = List.copyOf(measures);
  }

  public boolean passed() {
    return skipped == null && measures.stream().allMatch(Measure::passed);
  }

  /** One line. */
  @Override
  public String toString() {
    if (skipped != null) return "%-32s skipped: %s".formatted(name, skipped);
    return "%-32s %s  %s"
        .formatted(
            name,
            passed() ? "passed" : "FAILED",
            measures.stream().map(Measure::toString).collect(Collectors.joining(", ")));
  }

  public static final class Collector {
    private final List<Measure> measures = new ArrayList<>();

    public void add(String what, double difference, double limit) {
      measures.add(new Measure(what, difference, limit));
    }

    /** A check that passes or fails. */
    public void require(String what, boolean right) {
      add(what, right ? 0 : 1, 0);
    }

    public List<Measure> measures() {
      return measures;
    }
  }
}
