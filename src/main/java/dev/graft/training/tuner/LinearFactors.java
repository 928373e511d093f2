package dev.graft.training.tuner;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.training.program.Statement;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The factors A and B beside linear layers, with a bias of B where {@code lora_bias} asks. */
final class LinearFactors implements Part {
  private final Lora method;
  private final List<Linear> modules;
  private final Set<String> biases;
  private final LowRankPaths paths;

  /**
   * @param biases names of the base's biases
   */
  LinearFactors(Lora method, List<Linear> modules, Set<String> biases) {
    this.method = method;
    this.modules = List.copyOf(modules);
    this.biases = Set.copyOf(biases);
    this.paths =
        new LowRankPaths(
            modules.stream().collect(Collectors.toMap(Linear::path, each -> scale(each))),
            method.loraDropout(),
            method.variant().loraBias());
  }

  private double scale(Linear module) {
    return method.scale(module.path());
  }

  private int rank(Linear module) {
    return method.rank(module.path());
  }

  @Override
  public List<Slot> slots() {
    return modules.stream().flatMap(each -> slots(each).stream()).toList();
  }

  private List<Slot> slots(Linear module) {
    List<Slot> slots = new ArrayList<>();
    slots.add(new Slot(module.path() + LoraStart.A, rank(module), module.inFeatures()));
    slots.add(new Slot(module.path() + LoraStart.B, module.outFeatures(), rank(module)));
    if (method.variant().loraBias()) {
      slots.add(new Slot(module.path() + LoraStart.BIAS, module.outFeatures()));
    }
    return slots;
  }

  @Override
  public List<NamedTensor> start(long seed) {
    List<NamedTensor> start = new ArrayList<>();
    for (Linear each : modules) {
      for (Slot slot : slots(each)) {
        start.add(LoraStart.of(method.initLoraWeights(), slot, rank(each), seed));
      }
    }
    return start;
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return paths.apply(prefix, statements);
  }

  /** W + scale B A, transposed where the layer is stored so; bias + scale (bias of B). */
  @Override
  public float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    for (Linear each : modules) {
      if (name.equals(each.path() + ".weight")) {
        addProduct(each, stored, trained);
      } else if (method.variant().loraBias() && name.equals(each.path() + ".bias")) {
        addBias(each, stored, trained);
      }
    }
    return stored;
  }

  /** Nothing if more than a product is added to a layer. */
  List<LowRankUpdate> updates(Map<String, NamedTensor> trained) {
    if (method.variant().loraBias() || method.variant().useDora()) return List.of();
    return modules.stream()
        .map(
            each ->
                new LowRankUpdate(
                    each,
                    rank(each),
                    Objects.requireNonNull(trained.get(each.path() + LoraStart.A)).toFloats(),
                    Objects.requireNonNull(trained.get(each.path() + LoraStart.B)).toFloats(),
                    scale(each)))
        .toList();
  }

  @Override
  public @Nullable String unmergeable() {
    if (!method.variant().loraBias()) return null;
    return modules.stream()
        .map(Linear::path)
        .filter(path -> !biases.contains(path + ".bias"))
        .findFirst()
        .map(path -> "lora_bias: " + path + " has no bias that the bias of its B could go into")
        .orElse(null);
  }

  private void addBias(Linear linear, float[] bias, Map<String, NamedTensor> trained) {
    String name = linear.path() + LoraStart.BIAS;
    float[] added = Objects.requireNonNull(trained.get(name), name).toFloats();
    for (int o = 0; o < added.length; o++) bias[o] += (float) (scale(linear) * added[o]);
  }

  private void addProduct(Linear linear, float[] weight, Map<String, NamedTensor> trained) {
    float[] a = Objects.requireNonNull(trained.get(linear.path() + LoraStart.A)).toFloats();
    float[] b = Objects.requireNonNull(trained.get(linear.path() + LoraStart.B)).toFloats();
    int in = linear.inFeatures();
    int out = linear.outFeatures();
    int r = rank(linear);
    double scale = scale(linear);
    IntStream.range(0, out)
        .parallel()
        .forEach(
            o -> {
              double[] row = new double[in];
              for (int k = 0; k < r; k++) {
                double factor = b[o * r + k];
                for (int i = 0; i < in; i++) row[i] += factor * a[k * in + i];
              }
              for (int i = 0; i < in; i++) {
                weight[linear.conv1d() ? i * out + o : o * in + i] += (float) (scale * row[i]);
              }
            });
  }
}
