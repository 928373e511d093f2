package dev.graft.model;

import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Widen;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.spec.AdapterMethod.Targeted;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.weights.LinearTargets;
import dev.graft.weights.LinearTargets.DefaultModules;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The linear layers that a method changes, by path and in the order of the forward pass, and the
 * modules that train as a whole beside them.
 */
record AdaptedLayers(Map<String, ModelConfig.Linear> linears, SavedModules whole) {
  /** Creates the statements that replace a layer. */
  @FunctionalInterface
  public interface Change {
    /**
     * @param layer as it is, its module named below the part of the model
     * @param of the same layer, by its path
     */
    List<Statement> of(LinearLayer layer, ModelConfig.Linear of);
  }

  /**
   * @throws IllegalArgumentException if the targets match no layers of the base
   */
  public static AdaptedLayers of(Targeted method, ModelDirectory base) {
    SavedModules whole = SavedModules.of(method.modulesToSave(), base);
    Map<String, ModelConfig.Linear> linears = new LinkedHashMap<>();
    LinearTargets.select(
            DefaultModules.targets(method, base.config()), method.modulesToSave(), base.config())
        .stream()
        .filter(each -> !whole.covers(each.path()))
        .forEach(each -> linears.put(each.path(), each));
    return new AdaptedLayers(linears, whole);
  }

  /** Returns the parts of a method that has factors beside these layers. */
  public List<Trainable> with(Trainable factors, Bias bias, ModelConfig config) {
    return List.of(
        factors, new LoraTuner.TrainedBiases(bias, linears.keySet(), whole, config), whole);
  }

  /**
   * Begins a path beside a layer: the layer itself, then its input, wide and with dropout.
   *
   * @return the name of that input
   */
  public static String begin(List<Statement> path, LinearLayer layer, double dropout) {
    String y = layer.output();
    path.add(layer.named(y + "_dense"));
    path.add(new Widen(y + "_input", layer.input()));
    if (dropout == 0) return y + "_input";
    path.add(new Dropout(y + "_dropped", y + "_input", dropout));
    return y + "_dropped";
  }

  /** Returns the layer whose weight or bias has this name. */
  public ModelConfig.@Nullable Linear owner(String tensor) {
    return linears.get(tensor.substring(0, Math.max(0, tensor.lastIndexOf('.'))));
  }

  /** Changes the layers among statements. */
  public List<Statement> rewrite(String prefix, List<Statement> statements, Change change) {
    List<Statement> rewritten = new ArrayList<>();
    for (Statement each : statements) {
      ModelConfig.Linear of =
          each instanceof LinearLayer layer ? linears.get(prefix + layer.module()) : null;
      if (of != null && each instanceof LinearLayer layer) rewritten.addAll(change.of(layer, of));
      else rewritten.add(each);
    }
    return rewritten;
  }
}
