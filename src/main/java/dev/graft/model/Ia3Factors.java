package dev.graft.model;

import dev.graft.kernels.Elementwise.Multiply;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Ia3;
import dev.graft.weights.LinearTargets.DefaultModules;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The factors of (IA)^3 (Liu et al. 2022).
 *
 * @param feedforward layers whose inputs are scaled
 */
record Ia3Factors(Ia3 method, AdaptedLayers layers, TargetModules feedforward)
    implements Trainable {
  private static final String FACTORS = ".ia3_l";

  public static Tuner tuner(Ia3 method, ModelDirectory base) {
    AdaptedLayers layers = AdaptedLayers.of(method, base);
    TargetModules feedforward = DefaultModules.feedforward(method, base.config());
    return new PartsTuner(List.of(new Ia3Factors(method, layers, feedforward), layers.whole()));
  }

  /** Returns whether the input of a layer is scaled. PEFT compares the ends of paths as text. */
  private boolean scalesInput(String path) {
    return switch (feedforward) {
      case TargetModules.Names(List<String> names) -> names.stream().anyMatch(path::endsWith);
      case TargetModules.Pattern(var expression) -> expression.matches(path);
      case TargetModules.AllLinear(), TargetModules.FamilyDefault() -> false;
    };
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (ModelConfig.Linear each : layers.linears().values()) {
      slots.add(
          scalesInput(each.path())
              ? new Slot(each.path() + FACTORS, 1, each.inFeatures())
              : new Slot(each.path() + FACTORS, each.outFeatures(), 1));
    }
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return slots().stream()
        .map(
            slot ->
                method.initIa3Weights() ? Starts.constant(slot, 1) : Starts.normal(slot, 1, seed))
        .toList();
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return layers.rewrite(
        prefix,
        statements,
        (layer, of) -> {
          String factors = layer.module() + FACTORS;
          if (scalesInput(of.path())) {
            String scaled = layer.output() + "_scaled";
            return List.of(new Multiply(scaled, layer.input(), factors), layer.reading(scaled));
          }
          LinearLayer dense = layer.named(layer.output() + "_dense");
          return List.of(dense, new Multiply(layer.output(), dense.output(), factors));
        });
  }

  /**
   * Multiplies the columns of a feed-forward module's weight by the factors, or the rows of
   * another.
   */
  @Override
  public float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    ModelConfig.Linear layer = layers.owner(name);
    float[] values = rows.values();
    if (layer == null) return values;
    boolean columns = scalesInput(layer.path());
    float[] factors = Trainable.floats(trained, layer.path() + FACTORS);
    if (name.endsWith(".bias")) {
      for (int o = 0; o < values.length && !columns; o++) values[o] *= factors[o];
      return values;
    }
    // Rows of the stored weight are output features, with a Conv1D input features.
    int width = layer.conv1d() ? layer.outFeatures() : layer.inFeatures();
    for (int i = 0; i < values.length; i++) {
      values[i] *= factors[columns != layer.conv1d() ? i % width : rows.first() + i / width];
    }
    return values;
  }
}
