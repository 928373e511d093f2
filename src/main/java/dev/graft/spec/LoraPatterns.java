package dev.graft.spec;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Ranks and alphas of single modules. A key is a regular expression for a module's whole path, or
 * for its end after a dot.
 *
 * <p>PEFT takes the first key that matches; an order does not survive its own sorted file, so two
 * keys that give a module different values are an error here.
 */
public record LoraPatterns(
    SortedMap<String, Integer> rankPattern, SortedMap<String, Double> alphaPattern) {
  public static final LoraPatterns NONE = new LoraPatterns(new TreeMap<>(), new TreeMap<>());

  public LoraPatterns {
    rankPattern = Collections.unmodifiableSortedMap(new TreeMap<>(rankPattern));
    alphaPattern = Collections.unmodifiableSortedMap(new TreeMap<>(alphaPattern));
  }

  int rank(String module, int byDefault) {
    return find("rank_pattern", rankPattern, module, byDefault);
  }

  double alpha(String module, double byDefault) {
    return find("alpha_pattern", alphaPattern, module, byDefault);
  }

  private static <T> T find(String field, Map<String, T> pattern, String module, T byDefault) {
    T found = null;
    for (Map.Entry<String, T> each : pattern.entrySet()) {
      if (!PythonPattern.atEnd(each.getKey()).matches(module)) continue;
      if (found != null && !found.equals(each.getValue())) {
        throw new IllegalArgumentException(
            "%s: the keys give %s different values, %s and %s"
                .formatted(field, module, found, each.getValue()));
      }
      found = each.getValue();
    }
    return found != null ? found : byDefault;
  }
}
