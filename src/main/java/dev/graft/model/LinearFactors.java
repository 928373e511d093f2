package dev.graft.model;

import dev.graft.kernels.Statement;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.StoredWeight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The factors A and B beside linear layers, with a bias of B where {@code lora_bias} asks. */
final class LinearFactors implements AdapterPart {
  private final Lora method;
  private final List<Linear> modules;
  private final Set<String> ofBase;
  private final BaseFactors baseFactors;
  private final LowRankPaths paths;

  public LinearFactors(Lora method, List<Linear> modules, ModelDirectory base) {
    this.method = method;
    this.modules = List.copyOf(modules);
    ofBase = base.config().parameterNames();
    baseFactors = new BaseFactors(method, modules, base);
    this.paths =
        new LowRankPaths(
            modules.stream().collect(Collectors.toMap(Linear::path, this::path)),
            method.loraDropout(),
            method.variant(),
            method.initLoraWeights().changesBase());
  }

  private LowRankPaths.Path path(Linear module) {
    return new LowRankPaths.Path(rank(module), scale(module));
  }

  private double scale(Linear module) {
    return method.scale(module.path());
  }

  private int rank(Linear module) {
    return method.rank(module.path());
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (Linear each : modules) {
      slots.addAll(factors(each));
      if (method.variant().useDora()) {
        slots.add(new Slot(each.path() + DoraLengths.MAGNITUDE, each.outFeatures()));
      }
    }
    return slots;
  }

  private List<Slot> factors(Linear module) {
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
    return switch (method.initLoraWeights()) {
      case LoraInit.Pissa _, LoraInit.Olora _, LoraInit.Orthogonal _, LoraInit.Loftq _ ->
          baseFactors.of(seed);
      case LoraInit.Standard _, LoraInit.Random _, LoraInit.Gaussian _, LoraInit.Eva _ ->
          random(seed);
    };
  }

  private List<NamedTensor> random(long seed) {
    List<NamedTensor> start = new ArrayList<>();
    for (Linear each : modules) {
      for (Slot slot : factors(each)) {
        start.add(LoraStart.of(method.initLoraWeights(), slot, rank(each), seed));
      }
    }
    return start;
  }

  @Override
  public @Nullable StoredWeight requantised(ModelConfig.Parameter parameter) {
    Linear module = module(parameter);
    return module == null ? null : baseFactors.requantised(module);
  }

  @Override
  public @Nullable Quantization requantisedAs(ModelConfig.Parameter parameter) {
    Linear module = module(parameter);
    return module == null ? null : baseFactors.requantisedAs(module);
  }

  /** Whose weight it is. */
  private @Nullable Linear module(ModelConfig.Parameter parameter) {
    for (Linear each : modules) {
      if (parameter.name().equals(each.path() + ".weight")) return each;
    }
    return null;
  }

  /** What the base's weights lose: their products with the scale. */
  @Override
  public List<NamedTensor> frozen(long seed) {
    if (!method.initLoraWeights().changesBase()) return List.of();
    return baseFactors.of(seed).stream().map(each -> each.renamed(initial(each.name()))).toList();
  }

  @Override
  public long frozenBytes() {
    if (!method.initLoraWeights().changesBase()) return 0;
    return Float.BYTES
        * modules.stream().flatMap(each -> factors(each).stream()).mapToLong(Slot::size).sum();
  }

  @Override
  public Set<String> factors() {
    Set<String> factors = new HashSet<>(remembered());
    for (Linear each : modules) {
      factors.add(each.path() + LoraStart.A);
      factors.add(each.path() + LoraStart.B);
    }
    return factors;
  }

  /** {@code q_proj.initial.lora_A.weight} of {@code q_proj.lora_A.weight}. */
  private static String initial(String factor) {
    return factor.replaceFirst("(\\.lora_[AB]\\.weight)$", LoraStart.INITIAL + "$1");
  }

  /** All of {@link #frozen}: a checkpoint keeps it, so that no decomposition is made twice. */
  @Override
  public Set<String> remembered() {
    if (!method.initLoraWeights().changesBase()) return Set.of();
    return modules.stream()
        .flatMap(each -> factors(each).stream())
        .map(slot -> initial(slot.name()))
        .collect(Collectors.toSet());
  }

  @Override
  public List<Derived> derived() {
    if (!method.variant().useDora()) return List.of();
    return modules.stream().map(this::norm).toList();
  }

  private Derived norm(Linear module) {
    return DoraLengths.norm(
        module.path(),
        module.outFeatures(),
        module.conv1d() ? "torch.t(%s)" : "%s",
        LoraStart.A,
        LoraStart.B,
        scale(module));
  }

  @Override
  public Map<String, String> startsAs() {
    if (!method.variant().useDora()) return Map.of();
    return DoraLengths.start(modules.stream().map(Linear::path));
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return paths.apply(prefix, statements);
  }

  /**
   * W + scale B A, transposed where the layer is stored so, its rows then at DoRA's lengths; bias +
   * scale (bias of B).
   */
  @Override
  public float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    for (Linear each : modules) {
      if (name.equals(each.path() + ".weight")) {
        WeightMatrix weight = WeightMatrix.of(each, rows);
        addProduct(each, weight, trained);
        if (method.variant().useDora()) {
          weight.stretch(Mergeable.floats(trained, each.path() + DoraLengths.MAGNITUDE));
        }
      } else if (method.variant().loraBias() && name.equals(each.path() + ".bias")) {
        addBias(each, rows.values(), trained);
      }
    }
    return rows.values();
  }

  /** DoRA's lengths are those of columns where a layer is stored as (in, out). */
  @Override
  public boolean mergesByRows(String name) {
    return !method.variant().useDora() || modules.stream().noneMatch(Linear::conv1d);
  }

  /** Nothing if more than a product is added to a layer, or to other numbers than the base's. */
  @Override
  public List<LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    if (method.variant().loraBias() || method.variant().useDora()) return List.of();
    if (method.initLoraWeights() instanceof LoraInit.Loftq) return List.of();
    return modules.stream()
        .map(
            each ->
                new LowRankUpdate(
                    each,
                    rank(each),
                    Mergeable.floats(trained, each.path() + LoraStart.A),
                    Mergeable.floats(trained, each.path() + LoraStart.B),
                    scale(each)))
        .toList();
  }

  @Override
  public @Nullable String unmergeable() {
    if (!method.variant().loraBias()) return null;
    return modules.stream()
        .map(Linear::path)
        .filter(path -> !ofBase.contains(path + ".bias"))
        .findFirst()
        .map(path -> "lora_bias: " + path + " has no bias that the bias of its B could go into")
        .orElse(null);
  }

  private void addBias(Linear linear, float[] bias, Map<String, NamedTensor> trained) {
    float[] added = Mergeable.floats(trained, linear.path() + LoraStart.BIAS);
    for (int o = 0; o < added.length; o++) bias[o] += (float) (scale(linear) * added[o]);
  }

  private void addProduct(Linear linear, WeightMatrix weight, Map<String, NamedTensor> trained) {
    addProduct(weight, rank(linear), linear.path(), trained, scale(linear));
    if (!method.initLoraWeights().changesBase()) return;
    Map<String, NamedTensor> initial = new HashMap<>(trained);
    for (NamedTensor each : frozen(0)) initial.putIfAbsent(each.name(), each);
    String lost = linear.path() + LoraStart.INITIAL;
    addProduct(weight, rank(linear), lost, initial, -scale(linear));
  }

  private static void addProduct(
      WeightMatrix weight, int r, String path, Map<String, NamedTensor> trained, double scale) {
    float[] a = Mergeable.floats(trained, path + LoraStart.A);
    weight.add(r, a, Mergeable.floats(trained, path + LoraStart.B), scale);
  }
}
