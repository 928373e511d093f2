package dev.graft.spec;

import dev.graft.spec.SpecRejected.Problem;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/** Where in a request each setting is, so that one in a wrong place is told its right one. */
final class SettingPlaces {
  private static final SortedMap<String, SortedSet<String>> PLACES = new TreeMap<>();

  static {
    add("seed", "seed");
    JsonNode adapter = AdapterSchema.json().at("/anyOf/2/properties");
    for (String key : adapter.propertyNames()) {
      if (adapter.get(key).has("properties") || adapter.get(key).has("anyOf")) {
        addAll("adapter." + key, adapter.get(key));
      } else {
        add(key, "adapter." + key);
      }
    }
  }

  private SettingPlaces() {}

  /** Paths of each name, from the root of a request. */
  static Map<String, ? extends Collection<String>> all() {
    return PLACES;
  }

  /**
   * The same problem; of an unknown setting that there is in another place, with that place. One
   * that is in its place is another method's.
   */
  static Problem told(Problem problem) {
    String key = problem.path().substring(problem.path().lastIndexOf('.') + 1);
    if (PLACES.containsKey(key) && PLACES.get(key).contains(problem.path())) {
      return new Problem(problem.path(), UnknownSetting.ofAnother(problem.message()));
    }
    return new Problem(problem.path(), UnknownSetting.elsewhere(key, problem.message(), PLACES));
  }

  private static void addAll(String place, JsonNode schema) {
    for (JsonNode choice : schema.path("anyOf")) addAll(place, choice);
    JsonNode settings = schema.path("properties");
    for (String key : settings.propertyNames()) {
      add(key, place + "." + key);
      addAll(place + "." + key, settings.get(key));
    }
  }

  private static void add(String name, String place) {
    PLACES.computeIfAbsent(name, any -> new TreeSet<>()).add(place);
  }
}
