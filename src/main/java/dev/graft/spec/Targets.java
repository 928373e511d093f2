package dev.graft.spec;

import dev.graft.spec.AdapterMethod.TargetModules;
import java.util.List;

/**
 * Which modules of the base a method changes.
 *
 * @param excludeModules left out although {@code target_modules} means them; no names: none
 * @param layersToTransform indices of layers; empty: all
 * @param layersPattern names of the list of layers, such as {@code layers}; empty: any
 */
public record Targets(
    TargetModules targetModules,
    TargetModules excludeModules,
    List<Integer> layersToTransform,
    List<String> layersPattern) {
  /** Of {@code exclude_modules}. */
  public static final TargetModules NONE = new TargetModules.Names(List.of());

  public Targets {
    layersToTransform = List.copyOf(layersToTransform);
    layersPattern = List.copyOf(layersPattern);
  }

  /** In all layers, without exceptions. */
  public Targets(TargetModules targetModules) {
    this(targetModules, NONE, List.of(), List.of());
  }

  /** The same restrictions on other modules. */
  public Targets of(TargetModules other) {
    return new Targets(other, excludeModules, layersToTransform, layersPattern);
  }
}
