package dev.graft.weights;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Which linear layers a {@code target_modules} means, with PEFT's rules. */
public final class LinearTargets {
  /** From this many entries on PEFT looks for a shorter list that means the same. */
  private static final int SHORTEN_FROM = 20;

  private LinearTargets() {}

  /**
   * @return the layers that get an adapter, in the order of the forward pass
   * @throws IllegalArgumentException if a name matches no linear layer, or the output matrix
   */
  public static List<ModelConfig.Linear> select(TargetModules targets, ModelConfig config) {
    return switch (targets) {
      case TargetModules.AllLinear() -> config.linearModules();
      case TargetModules.Names(List<String> names) -> named(names, config);
    };
  }

  private static List<ModelConfig.Linear> named(List<String> names, ModelConfig config) {
    if (names.isEmpty()) throw new IllegalArgumentException("target_modules is empty");
    for (String name : names) {
      if (name.equals("lm_head") || name.equals("embed_tokens")) {
        throw new IllegalArgumentException(
            "target_modules: an adapter on '" + name + "' is not supported yet");
      }
      if (config.linearModules().stream().noneMatch(linear -> matches(linear.path(), name))) {
        throw new IllegalArgumentException(
            "target_modules: '%s' matches no linear layer; the model has %s"
                .formatted(name, lastNames(config)));
      }
    }
    return config.linearModules().stream()
        .filter(linear -> names.stream().anyMatch(name -> matches(linear.path(), name)))
        .toList();
  }

  /** The list that PEFT saves in {@code adapter_config.json}, sorted. */
  public static List<String> saved(TargetModules targets, ModelConfig config) {
    Set<String> names =
        switch (targets) {
          case TargetModules.AllLinear() -> paths(config);
          case TargetModules.Names(List<String> given) -> new TreeSet<>(given);
        };
    if (names.size() < SHORTEN_FROM) return List.copyOf(names);
    Set<String> selected = new HashSet<>();
    select(targets, config).forEach(linear -> selected.add(linear.path()));
    Set<String> shorter = shortened(names, selected, config);
    return shorter.size() < names.size() ? List.copyOf(shorter) : List.copyOf(names);
  }

  /** PEFT's greedy search: for each name the shortest suffix that no other module ends with. */
  private static Set<String> shortened(
      Set<String> names, Set<String> selected, ModelConfig config) {
    Set<String> forbidden = new HashSet<>();
    for (String module : modules(config)) {
      if (!selected.contains(module)) forbidden.addAll(suffixes(module));
    }
    List<String> inOrder = new ArrayList<>(names);
    inOrder.sort((a, b) -> compare(suffixes(a), suffixes(b)));
    TreeSet<String> chosen = new TreeSet<>();
    for (String name : inOrder) {
      for (String suffix : suffixes(name)) {
        if (chosen.contains(suffix) || forbidden.contains(suffix)) continue;
        if (chosen.stream().noneMatch(each -> name.endsWith("." + each))) {
          chosen.add(suffix);
          break;
        }
      }
    }
    return chosen;
  }

  /** Every module path: of parameters, and all that contain them. */
  private static Set<String> modules(ModelConfig config) {
    Set<String> modules = new LinkedHashSet<>();
    modules.add(config.outputModule());
    for (ModelConfig.Parameter parameter : config.parameters()) {
      String path = parameter.name();
      while (path.contains(".")) {
        path = path.substring(0, path.lastIndexOf('.'));
        modules.add(path);
      }
    }
    return modules;
  }

  private static Set<String> paths(ModelConfig config) {
    Set<String> paths = new TreeSet<>();
    config.linearModules().forEach(linear -> paths.add(linear.path()));
    return paths;
  }

  private static Set<String> lastNames(ModelConfig config) {
    Set<String> names = new LinkedHashSet<>();
    for (ModelConfig.Linear linear : config.linearModules()) {
      names.add(linear.path().substring(linear.path().lastIndexOf('.') + 1));
    }
    return names;
  }

  private static boolean matches(String path, String name) {
    return path.equals(name) || path.endsWith("." + name);
  }

  /** Shortest first. */
  private static List<String> suffixes(String path) {
    List<String> suffixes = new ArrayList<>();
    for (int dot = path.lastIndexOf('.'); dot >= 0; dot = path.lastIndexOf('.', dot - 1)) {
      suffixes.add(path.substring(dot + 1));
    }
    suffixes.add(path);
    return suffixes;
  }

  private static int compare(List<String> a, List<String> b) {
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      int order = a.get(i).compareTo(b.get(i));
      if (order != 0) return order;
    }
    return Integer.compare(a.size(), b.size());
  }
}
