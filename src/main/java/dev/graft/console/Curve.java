package dev.graft.console;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The numbers of a run, step by step.
 *
 * @param points by step: what the events of that step measured, by name
 * @param more whether the job goes on, so that asking again may tell more
 */
record Curve(SortedMap<Long, Map<String, @Nullable Double>> points, boolean more) {
  private static final int PAGE = 100;

  /** Of a long run the newest: enough for a curve as wide as a screen. */
  private static final int MOST_PAGES = 60;

  /**
   * @param from steps before this one are known already
   */
  static Curve read(ConsoleApi api, String job, long from) {
    SortedMap<Long, Map<String, @Nullable Double>> points = new TreeMap<>();
    boolean more = !api.job(job).ended();
    String after = null;
    for (int page = 0; page < MOST_PAGES; page++) {
      ConsoleApi.Listed<JobView.EventView> events = api.events(job, after, PAGE);
      boolean known = false;
      for (JobView.EventView event : events.data()) {
        Map<String, @Nullable Double> data = event.data();
        Double step = data == null ? null : data.get("step");
        if (data == null || step == null) continue;
        known |= step < from;
        // A step that is validated has two events: what each measured is a number of the step.
        if (step >= from) {
          Map<String, @Nullable Double> point =
              points.computeIfAbsent(step.longValue(), made -> new TreeMap<>());
          data.forEach(point::putIfAbsent);
        }
      }
      after = events.next();
      if (known || after == null) break;
    }
    return new Curve(points, more);
  }
}
