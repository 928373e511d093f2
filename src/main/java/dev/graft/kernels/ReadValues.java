package dev.graft.kernels;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Values of a layer that some of its linear layers read.
 *
 * @param modules paths of those that read each value, both in the order of the statements
 */
public record ReadValues(Map<String, List<String>> modules) {
  /** None. */
  public static final ReadValues NONE = new ReadValues(Map.of());

  public ReadValues {
    modules = Collections.unmodifiableMap(new LinkedHashMap<>(modules));
  }

  /**
   * @param prefix what paths of the layer's modules begin with
   * @param wanted paths of modules, of this layer and of others
   */
  public static ReadValues of(String prefix, List<Statement> layer, Set<String> wanted) {
    Map<String, List<String>> modules = new LinkedHashMap<>();
    for (Statement each : layer) {
      if (!(each instanceof LinearLayer linear) || !wanted.contains(prefix + linear.module()))
        continue;
      modules
          .computeIfAbsent(linear.input(), value -> new ArrayList<>())
          .add(prefix + linear.module());
    }
    return new ReadValues(modules);
  }

  /** The values, in order. */
  public List<String> values() {
    return List.copyOf(modules.keySet());
  }
}
