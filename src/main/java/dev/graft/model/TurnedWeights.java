package dev.graft.model;

import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Weights that a CPU may hold twice, as they are and turned, so that the product of each direction
 * reads one that lies as it needs it: those of linear layers that are plain numbers and stay as
 * they are while the method trains.
 */
public final class TurnedWeights {
  private TurnedWeights() {}

  /**
   * @param quantization of the base, null = as it is
   */
  public static List<Parameter> of(
      ModelDirectory base, Tuner tuner, @Nullable Quantization quantization) {
    if (quantization != null || base.quantization() != null) return List.of();
    ModelConfig config = base.config();
    Set<String> linear =
        config.linearModules().stream()
            .filter(each -> !each.conv1d() && each.path().startsWith(config.basePrefix()))
            .map(each -> each.path() + ".weight")
            .collect(Collectors.toSet());
    Set<String> changing =
        Stream.concat(
                tuner.slots().stream().map(Slot::name),
                tuner.derived().stream().map(Tuner.Derived::name))
            .collect(Collectors.toSet());
    return config.parameters().stream()
        .filter(each -> linear.contains(each.name()) && !changing.contains(each.name()))
        .filter(each -> tuner.requantisedAs(each) == null)
        .toList();
  }
}
