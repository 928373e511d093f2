package dev.graft.model;

import dev.graft.kernels.Elementwise.Dropout;
import dev.graft.kernels.Elementwise.Shift;
import dev.graft.kernels.Elementwise.Sum;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.LowRank;
import dev.graft.kernels.LowRank.LowRankInput;
import dev.graft.kernels.LowRank.Magnitude;
import dev.graft.kernels.Statement;
import dev.graft.model.Tuner.Derived;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraVariant;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** LoRA's factors A and B beside linear layers, with a bias of B if {@code lora_bias} is set. */
public final class LinearFactors implements Trainable {
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
        slots.add(new Slot(each.path() + MAGNITUDE, each.outFeatures()));
      }
    }
    return slots;
  }

  private List<Slot> factors(Linear module) {
    List<Slot> slots = new ArrayList<>();
    slots.add(new Slot(module.path() + LoraTuner.A, rank(module), module.inFeatures()));
    slots.add(new Slot(module.path() + LoraTuner.B, module.outFeatures(), rank(module)));
    if (method.variant().loraBias()) {
      slots.add(new Slot(module.path() + LoraTuner.BIAS, module.outFeatures()));
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
        start.add(LoraTuner.start(method.initLoraWeights(), slot, rank(each), seed));
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

  /** Returns the module of a weight. */
  private @Nullable Linear module(ModelConfig.Parameter parameter) {
    for (Linear each : modules) {
      if (parameter.name().equals(each.path() + ".weight")) return each;
    }
    return null;
  }

  /** Returns the start factors whose scaled product is subtracted from the base's weights. */
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
      factors.add(each.path() + LoraTuner.A);
      factors.add(each.path() + LoraTuner.B);
    }
    return factors;
  }

  /** Returns {@code q_proj.initial.lora_A.weight} for {@code q_proj.lora_A.weight}. */
  private static String initial(String factor) {
    return factor.replaceFirst("(\\.lora_[AB]\\.weight)$", LoraTuner.INITIAL + "$1");
  }

  /**
   * Returns all of {@link #frozen}, which a checkpoint holds so that decompositions are not
   * repeated.
   */
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
    return doraNorm(
        module.path(),
        module.outFeatures(),
        module.conv1d() ? "torch.t(%s)" : "%s",
        LoraTuner.A,
        LoraTuner.B,
        scale(module));
  }

  @Override
  public Map<String, String> startsAs() {
    if (!method.variant().useDora()) return Map.of();
    return doraStart(modules.stream().map(Linear::path));
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
    return paths.apply(prefix, statements);
  }

  /**
   * Adds scale B A to W, transposed if the layer is stored so, and scales its rows to DoRA's
   * lengths; adds scale (bias of B) to the bias.
   */
  @Override
  public float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    for (Linear each : modules) {
      if (name.equals(each.path() + ".weight")) {
        WeightMatrix weight = WeightMatrix.of(each, rows);
        addProduct(each, weight, trained);
        if (method.variant().useDora()) {
          weight.stretch(Trainable.floats(trained, each.path() + MAGNITUDE));
        }
      } else if (method.variant().loraBias() && name.equals(each.path() + ".bias")) {
        addBias(each, rows.values(), trained);
      }
    }
    return rows.values();
  }

  /** Returns false for DoRA with layers stored as (in, out), where lengths are those of columns. */
  @Override
  public boolean mergesByRows(String name) {
    return !method.variant().useDora() || modules.stream().noneMatch(Linear::conv1d);
  }

  /**
   * Returns nothing if more than a product is added to a layer, or if the base's numbers change.
   */
  @Override
  public List<Tuner.LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    if (method.variant().loraBias() || method.variant().useDora()) return List.of();
    if (method.initLoraWeights() instanceof LoraInit.Loftq) return List.of();
    return modules.stream()
        .map(
            each ->
                new Tuner.LowRankUpdate(
                    each,
                    rank(each),
                    Trainable.floats(trained, each.path() + LoraTuner.A),
                    Trainable.floats(trained, each.path() + LoraTuner.B),
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
        .map(path -> "lora_bias: " + path + " has no bias that could take up the bias of B")
        .orElse(null);
  }

  private void addBias(Linear linear, float[] bias, Map<String, NamedTensor> trained) {
    float[] added = Trainable.floats(trained, linear.path() + LoraTuner.BIAS);
    for (int o = 0; o < added.length; o++) bias[o] += (float) (scale(linear) * added[o]);
  }

  private void addProduct(Linear linear, WeightMatrix weight, Map<String, NamedTensor> trained) {
    addProduct(weight, rank(linear), linear.path(), trained, scale(linear));
    if (!method.initLoraWeights().changesBase()) return;
    Map<String, NamedTensor> initial = new HashMap<>(trained);
    for (NamedTensor each : frozen(0)) initial.putIfAbsent(each.name(), each);
    String lost = linear.path() + LoraTuner.INITIAL;
    addProduct(weight, rank(linear), lost, initial, -scale(linear));
  }

  private static void addProduct(
      WeightMatrix weight, int r, String path, Map<String, NamedTensor> trained, double scale) {
    float[] a = Trainable.floats(trained, path + LoraTuner.A);
    weight.add(r, a, Trainable.floats(trained, path + LoraTuner.B), scale);
  }

  /**
   * Low-rank paths beside linear layers.
   *
   * @param paths by module path
   * @param dropout of their inputs, in training
   * @param variant further options of the paths
   * @param loses whether the start value of the product is subtracted from the layer
   */
  public record LowRankPaths(
      Map<String, Path> paths, double dropout, LoraVariant variant, boolean loses)
      implements Rewrite {
    /** A path beside one layer. */
    public record Path(int rank, double scale) {}

    public LowRankPaths {
      paths = Map.copyOf(paths);
    }

    @Override
    public List<Statement> apply(String prefix, List<Statement> statements) {
      List<Statement> rewritten = new ArrayList<>();
      Map<String, Inputs> inputs = inputs(prefix, statements);
      for (Statement each : statements) {
        Path path = each instanceof LinearLayer of ? paths.get(prefix + of.module()) : null;
        if (path == null || !(each instanceof LinearLayer linear)) rewritten.add(each);
        else if (!variant.useDora()) addPath(rewritten, linear, path, inputs);
        else if (dropout == 0) addDora(rewritten, linear, path.scale());
        else addDoraWithDropout(rewritten, linear, path.scale());
      }
      return rewritten;
    }

    /**
     * The paths that read one value.
     *
     * @param starts first rank of each module
     */
    private record Inputs(String low, Map<String, Integer> starts) {
      List<String> modules() {
        return List.copyOf(starts.keySet());
      }
    }

    /**
     * Groups the paths by their input. With dropout each path has its own, because it draws its own
     * mask.
     */
    private Map<String, Inputs> inputs(String prefix, List<Statement> statements) {
      Map<String, Inputs> all = new HashMap<>();
      Map<String, Integer> ranks = new HashMap<>();
      for (Statement each : statements) {
        if (!(each instanceof LinearLayer linear)) continue;
        Path path = paths.get(prefix + linear.module());
        if (path == null) continue;
        String key = shared(linear);
        Inputs of = all.computeIfAbsent(key, k -> new Inputs(low(linear), new LinkedHashMap<>()));
        int start = ranks.merge(key, path.rank(), Integer::sum) - path.rank();
        of.starts().put(linear.module(), start);
      }
      return all;
    }

    private String shared(LinearLayer linear) {
      return dropout > 0 ? linear.output() : linear.input();
    }

    private static String low(LinearLayer linear) {
      return linear.output() + "_low";
    }

    private void addPath(
        List<Statement> statements, LinearLayer linear, Path path, Map<String, Inputs> inputs) {
      String module = linear.module();
      String dense = linear.output() + "_dense";
      boolean bias = variant.loraBias();
      String product = bias ? linear.output() + "_product" : linear.output();
      Inputs of = Objects.requireNonNull(inputs.get(shared(linear)));
      // Before the layer, so that the gradient of the input begins with the larger product of the
      // layer.
      if (of.low().equals(low(linear))) {
        statements.add(new LowRankInput(of.low(), linear.input(), of.modules(), dropout));
      }
      statements.add(linear.named(dense));
      if (loses) {
        String all = dense;
        dense = linear.output() + "_residual";
        String initial = linear.output() + "_initial";
        String factors = module + LoraTuner.INITIAL;
        statements.add(new LowRankInput(initial, linear.input(), List.of(factors), 0));
        statements.add(new LowRank(dense, all, initial, 0, factors, -path.scale()));
      }
      int start = Objects.requireNonNull(of.starts().get(module));
      statements.add(new LowRank(product, dense, of.low(), start, module, path.scale()));
      if (bias) {
        statements.add(new Shift(linear.output(), product, module + LoraTuner.BIAS, path.scale()));
      }
    }

    /** Adds (m / n) (W x + scale B A x) + bias. */
    private void addDora(List<Statement> statements, LinearLayer linear, double scale) {
      String scaled = linear.bias() ? linear.output() + "_scaled" : linear.output();
      addMagnitude(statements, linear, linear.input(), scaled, scale);
      if (linear.bias()) {
        statements.add(new Shift(linear.output(), scaled, linear.module() + ".bias", 1));
      }
    }

    /**
     * Adds W x + bias - W d + (m / n) (W d + scale B A d), where d is x after dropout, as in PEFT.
     */
    private void addDoraWithDropout(List<Statement> statements, LinearLayer linear, double scale) {
      String whole = linear.output() + "_whole";
      String dropped = linear.output() + "_input";
      String without = linear.output() + "_without";
      String rest = linear.output() + "_rest";
      String scaled = linear.output() + "_scaled";
      statements.add(linear.named(whole));
      statements.add(new Dropout(dropped, linear.input(), dropout));
      statements.add(
          new LinearLayer(without, dropped, linear.module(), false, linear.transposed()));
      statements.add(new Sum(rest, whole, without, -1));
      addMagnitude(statements, linear, dropped, scaled, scale);
      statements.add(new Sum(linear.output(), rest, scaled));
    }

    private static void addMagnitude(
        List<Statement> statements, LinearLayer linear, String input, String output, double scale) {
      String module = linear.module();
      String dense = linear.output() + "_dense";
      String product = linear.output() + "_product";
      statements.add(new LinearLayer(dense, input, module, false, linear.transposed()));
      String low = linear.output() + "_low";
      statements.add(new LowRankInput(low, input, List.of(module), 0));
      statements.add(new LowRank(product, dense, low, 0, module, scale));
      statements.add(new Magnitude(output, product, module + MAGNITUDE, module + NORM));
    }
  }

  /** Trained, (out). */
  static final String MAGNITUDE = ".lora_magnitude_vector";

  /** The lengths that rows would have otherwise, as PEFT computes them. */
  static final String NORM = ".weight_norm";

  /**
   * Returns the lengths of the rows of W + scale B A (DoRA, Liu et al. 2024).
   *
   * @param weight format of W as (out, in) from the stored weight, such as {@code torch.t(%s)}
   * @param a suffix of the name of A
   * @param b suffix of the name of B
   */
  static Derived doraNorm(String path, int out, String weight, String a, String b, double scale) {
    return new Derived(
        path + NORM,
        new long[] {out},
        "torch.copy_(%%s, __torch__.adapters.dora.norm(%s, %%s, %%s, %s))".formatted(weight, scale),
        List.of(path + LoraTuner.WEIGHT, path + a, path + b));
  }

  static Map<String, String> doraStart(Stream<String> paths) {
    return paths.collect(Collectors.toMap(at -> at + MAGNITUDE, at -> at + NORM));
  }
}
