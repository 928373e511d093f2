package dev.graft.model;

import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit.Eva;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * How EVA (Paischer et al. 2024) shares the ranks of a LoRA among its modules, as PEFT does: all
 * directions of all modules, those that explain most first, until there are as many as the
 * configuration gives all modules together.
 *
 * @param groups paths of modules, in the order of the forward pass; those of a group have equal
 *     inputs, and its first one speaks for it
 */
record EvaRanks(Lora method, Eva settings, List<List<String>> groups) {
  public EvaRanks {
    groups = groups.stream().map(List::copyOf).toList();
  }

  /** A direction of a module and its share in the variance of the module's inputs. */
  private record Direction(String module, double explained) {}

  /** Directions that are looked for in a group: its largest rank times rho, rounded to even. */
  public int directions(List<String> group) {
    return group.stream().mapToInt(this::most).max().orElseThrow();
  }

  private int most(String module) {
    return (int) Math.rint(method.rank(module) * settings.rho());
  }

  /** Before anything is known, the ranks that a module may have at most. */
  public Map<String, Integer> most() {
    Map<String, Integer> ranks = new HashMap<>();
    for (List<String> group : groups) {
      for (String module : group) ranks.put(module, directions(group));
    }
    return ranks;
  }

  /**
   * @param explained by each group's directions, largest first
   * @return rank of every module, 0 included; no module of a group has more than its first one
   */
  public Map<String, Integer> shared(List<double[]> explained) {
    Map<String, double[]> byModule = new LinkedHashMap<>();
    for (int g = 0; g < groups.size(); g++) {
      byModule.put(groups.get(g).getFirst(), explained.get(g));
    }
    for (int g = 0; g < groups.size(); g++) {
      for (String module : groups.get(g)) byModule.putIfAbsent(module, explained.get(g));
    }
    Map<String, Integer> ranks = new HashMap<>();
    byModule.keySet().forEach(module -> ranks.put(module, 0));
    directions(byModule).stream()
        .limit(budget())
        .forEach(each -> ranks.merge(each.module(), 1, Integer::sum));
    for (List<String> group : groups) firstHasMost(group, ranks);
    return ranks;
  }

  /** The sort is stable: of equal inputs the first module comes first. */
  private static List<Direction> directions(Map<String, double[]> byModule) {
    List<Direction> all = new ArrayList<>();
    byModule.forEach(
        (module, explained) -> {
          for (double each : explained) all.add(new Direction(module, each));
        });
    all.sort(Comparator.comparingDouble(Direction::explained).reversed());
    return all;
  }

  private int budget() {
    return groups.stream().flatMap(List::stream).mapToInt(method::rank).sum();
  }

  /** Only its directions were held against those of the batch before. */
  private static void firstHasMost(List<String> group, Map<String, Integer> ranks) {
    String first = group.getFirst();
    for (String module : group) {
      int most = Objects.requireNonNull(ranks.get(first));
      int own = Objects.requireNonNull(ranks.get(module));
      ranks.put(first, Math.max(most, own));
      if (own > most) ranks.put(module, most);
    }
  }
}
