package dev.graft.training.tuner;

import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.training.program.Linear;
import dev.graft.training.program.Statement;
import dev.graft.weights.DefaultModules;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The linear layers that a method changes, by path, in the order of the forward pass, and the
 * modules that train whole beside them.
 */
record AdaptedLayers(Map<String, ModelConfig.Linear> linears, SavedModules whole) {
  /** Makes the statements that stand for a layer. */
  @FunctionalInterface
  interface Change {
    /**
     * @param layer as it is, its module named below the part of the model
     * @param of the same layer, by its path
     */
    List<Statement> of(Linear layer, ModelConfig.Linear of);
  }

  /**
   * @throws IllegalArgumentException if the targets mean no layers of the base
   */
  static AdaptedLayers of(Targeted method, ModelDirectory base) {
    SavedModules whole = SavedModules.of(method.modulesToSave(), base);
    Map<String, ModelConfig.Linear> linears = new LinkedHashMap<>();
    LinearTargets.select(
            DefaultModules.targets(method, base.config()), method.modulesToSave(), base.config())
        .stream()
        .filter(each -> !whole.covers(each.path()))
        .forEach(each -> linears.put(each.path(), each));
    return new AdaptedLayers(linears, whole);
  }

  /** The layer whose weight or bias has this name. */
  ModelConfig.@Nullable Linear owner(String tensor) {
    return linears.get(tensor.substring(0, Math.max(0, tensor.lastIndexOf('.'))));
  }

  /** Changes the layers among statements. */
  List<Statement> rewrite(String prefix, List<Statement> statements, Change change) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      ModelConfig.Linear of =
          each instanceof Linear layer ? linears.get(prefix + layer.module()) : null;
      if (of != null && each instanceof Linear layer) rewritten.addAll(change.of(layer, of));
      else rewritten.add(each);
    }
    return rewritten;
  }
}
