package dev.graft.weights;

import dev.graft.spec.Targets;
import dev.graft.weights.ModelConfig.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The modules that a low-rank adapter goes beside, in the order of the forward pass.
 *
 * @param tables embeddings of tokens, positions or types
 * @param output whether the matrix that makes logits of tokens is one of them
 */
public record AdaptedModules(List<ModelConfig.Linear> linears, List<Leaf> tables, boolean output) {
  public AdaptedModules {
    linears = List.copyOf(linears);
    tables = List.copyOf(tables);
  }

  /**
   * @param modulesToSave train whole, and so get none
   * @throws IllegalArgumentException if a name matches no module, or one that cannot be adapted
   */
  public static AdaptedModules of(Targets targets, List<String> modulesToSave, ModelConfig config) {
    Map<String, ModelConfig.Linear> linears = new LinkedHashMap<>();
    config.linearModules().forEach(each -> linears.put(each.path(), each));
    Map<String, Leaf> tables = new LinkedHashMap<>();
    for (Leaf leaf : config.leaves()) {
      if (leaf.kind() == Kind.EMBEDDING) tables.put(leaf.path(), leaf);
    }
    List<ModelConfig.Linear> adapted = new ArrayList<>();
    List<Leaf> embeddings = new ArrayList<>();
    boolean causal = config.task() instanceof Task.CausalLm;
    boolean output = false;
    for (String path : LinearTargets.paths(targets, modulesToSave, config)) {
      ModelConfig.Linear linear = linears.get(path);
      Leaf table = tables.get(path);
      if (linear != null) adapted.add(linear);
      else if (table != null) embeddings.add(table);
      else if (causal && path.equals(config.outputModule())) output = true;
      else throw LinearTargets.unsupported(path);
    }
    if (adapted.isEmpty() && embeddings.isEmpty() && !output) {
      throw new IllegalArgumentException(
          "target_modules: nothing is left of them after exclude_modules, layers_to_transform and"
              + " modules_to_save");
    }
    return new AdaptedModules(adapted, embeddings, output);
  }
}
