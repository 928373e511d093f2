package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.kernels.Elementwise.AdapterSum;
import dev.graft.kernels.Elementwise.Multiply;
import dev.graft.kernels.LinearLayer;
import dev.graft.kernels.Statement;
import dev.graft.model.AdaLoraTuner.RankTensors;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * AdaLoRA (Zhang et al. 2023). A mask for each module records the remaining ranks; the file holds
 * only those, and the configuration lists them.
 */
final class AdaLoraTuner extends PartsTuner {
  private final AdaLora method;
  private final List<RankTensors> modules;

  public AdaLoraTuner(AdaLora method, ModelDirectory base) {
    this(method, new AdaLoraFactors(method, AdaptedLayers.of(method, base)), base);
  }

  private AdaLoraTuner(AdaLora method, AdaLoraFactors factors, ModelDirectory base) {
    super(factors.layers().with(factors, method.bias(), base.config()));
    this.method = method;
    modules = factors.modules();
    Set<String> known = modules.stream().map(RankTensors::e).collect(Collectors.toSet());
    for (String each : method.rankPattern().keySet()) {
      if (!known.contains(each)) {
        throw new IllegalArgumentException(
            "rank_pattern: '%s' is not an adapted module".formatted(each));
      }
    }
  }

  @Override
  public Allocated allocated() {
    return new Allocated(method.allocation(), modules);
  }

  /** Returns PEFT's {@code rank_pattern} if a rank was pruned. */
  @Override
  public Map<String, Object> learnedSettings(List<NamedTensor> kept) {
    Map<String, NamedTensor> masks = NamedTensor.byName(kept);
    Map<String, List<Boolean>> pattern = new TreeMap<>();
    for (RankTensors each : modules) pattern.put(each.e(), left(masks, each));
    boolean pruned = pattern.values().stream().anyMatch(left -> left.contains(false));
    return pruned ? Map.of("rank_pattern", pattern) : Map.of();
  }

  private static List<Boolean> left(Map<String, NamedTensor> masks, RankTensors module) {
    NamedTensor mask = Objects.requireNonNull(masks.get(module.pattern()), module.pattern());
    List<Boolean> left = new ArrayList<>();
    for (float each : mask.toFloats()) left.add(each != 0);
    return left;
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    Map<String, NamedTensor> byName = NamedTensor.byName(trained);
    Map<String, NamedTensor> pruned = new HashMap<>();
    for (RankTensors each : modules) {
      AdaLoraMask mask = new AdaLoraMask(left(byName, each));
      NamedTensor a = Objects.requireNonNull(byName.get(each.a()), each.a());
      NamedTensor b = Objects.requireNonNull(byName.get(each.b()), each.b());
      NamedTensor e = Objects.requireNonNull(byName.get(each.e()), each.e());
      pruned.put(each.a(), mask.rows(a));
      pruned.put(each.b(), mask.columns(b));
      pruned.put(each.e(), mask.rows(e));
    }
    Set<String> masks = kept();
    return super.saved(
        trained.stream()
            .filter(each -> !masks.contains(each.name()))
            .map(each -> pruned.getOrDefault(each.name(), each))
            .toList());
  }

  /** Adds masks without pruned ranks, because a file holds only remaining ranks. */
  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    List<NamedTensor> read = new ArrayList<>(super.read(saved));
    Map<String, NamedTensor> byName = NamedTensor.byName(read);
    for (RankTensors each : modules) {
      NamedTensor e = byName.get(each.e());
      if (e != null) read.add(each.unmasked((int) e.shape()[0]));
    }
    return read;
  }

  /** AdaLoRA's factors beside linear layers: A, B, and E between them. */
  private record AdaLoraFactors(AdaLora method, AdaptedLayers layers) implements Trainable {
    private static final double DEVIATION = 0.02;
    private static final String E = ".lora_E";
    private static final String WEIGHT = ".weight";

    @Override
    public List<Slot> slots() {
      List<Slot> slots = new ArrayList<>();
      for (ModelConfig.Linear each : layers.linears().values()) {
        RankTensors names = new RankTensors(each.path());
        int rank = method.rank(each.path());
        slots.add(new Slot(names.a(), rank, each.inFeatures()));
        slots.add(new Slot(names.b(), each.outFeatures(), rank));
        slots.add(new Slot(names.e(), rank, 1));
      }
      return slots;
    }

    @Override
    public List<NamedTensor> start(long seed) {
      return slots().stream()
          .map(
              slot -> {
                if (!method.initLoraWeights()) return Starts.normal(slot, 1, seed);
                boolean e = slot.name().endsWith(E);
                return e ? Starts.zeros(slot) : Starts.normal(slot, DEVIATION, seed);
              })
          .toList();
    }

    List<RankTensors> modules() {
      return layers.linears().keySet().stream().map(RankTensors::new).toList();
    }

    /** Returns masks that keep every rank. */
    @Override
    public List<NamedTensor> frozen(long seed) {
      return modules().stream().map(each -> each.unmasked(method.rank(each.module()))).toList();
    }

    @Override
    public long frozenBytes() {
      return Float.BYTES * modules().stream().mapToLong(each -> method.rank(each.module())).sum();
    }

    @Override
    public Set<String> kept() {
      return modules().stream().map(RankTensors::pattern).collect(Collectors.toSet());
    }

    @Override
    public List<Statement> apply(String prefix, List<Statement> statements) {
      return layers.rewrite(prefix, statements, (layer, of) -> beside(layer));
    }

    private List<Statement> beside(LinearLayer layer) {
      String y = layer.output();
      List<Statement> path = new ArrayList<>();
      String input = AdaptedLayers.begin(path, layer, method.loraDropout());
      path.add(new LinearLayer(y + "_low", input, layer.module() + ".lora_A", false));
      path.add(new Multiply(y + "_scaled", y + "_low", layer.module() + E));
      path.add(new LinearLayer(y + "_path", y + "_scaled", layer.module() + ".lora_B", false));
      path.add(new AdapterSum(y, y + "_dense", y + "_path", method.scale()));
      return path;
    }

    /** Removes the suffix of A and B, which are parameters here, not weights of modules. */
    @Override
    public String savedName(String slot) {
      boolean factor = slot.endsWith(WEIGHT);
      return Trainable.super.savedName(
          factor ? slot.substring(0, slot.length() - WEIGHT.length()) : slot);
    }

    /** Adds scale B (E * A) of the remaining ranks to W. */
    @Override
    public float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
      ModelConfig.Linear layer = layers.owner(name);
      if (layer == null || !name.endsWith(WEIGHT)) return rows.values();
      RankTensors names = new RankTensors(layer.path());
      float[] b = Trainable.floats(trained, names.b());
      float[] e = Trainable.floats(trained, names.e());
      int r = e.length;
      WeightMatrix.of(layer, rows)
          .add(
              r,
              Trainable.floats(trained, names.a()),
              i -> method.scale() * b[i] * e[i % r],
              o -> 1);
      return rows.values();
    }

    /** Multiplies the rows of A by E. */
    @Override
    public List<Tuner.LowRankUpdate> plain(Map<String, NamedTensor> trained) {
      List<Tuner.LowRankUpdate> updates = new ArrayList<>();
      for (ModelConfig.Linear each : layers.linears().values()) {
        RankTensors names = new RankTensors(each.path());
        float[] a = Trainable.floats(trained, names.a());
        float[] e = Trainable.floats(trained, names.e());
        for (int i = 0; i < a.length; i++) a[i] *= e[i / each.inFeatures()];
        float[] b = Trainable.floats(trained, names.b());
        updates.add(new Tuner.LowRankUpdate(each, e.length, a, b, method.scale()));
      }
      return updates;
    }
  }

  /** Selects the remaining ranks of a matrix. */
  private record AdaLoraMask(List<Boolean> left) {
    public AdaLoraMask {
      left = List.copyOf(left);
    }

    private int count() {
      return Collections.frequency(left, true);
    }

    public NamedTensor rows(NamedTensor matrix) {
      int width = (int) matrix.shape()[1];
      float[] all = matrix.toFloats();
      float[] some = new float[count() * width];
      int row = 0;
      for (int r = 0; r < left.size(); r++) {
        if (left.get(r)) System.arraycopy(all, r * width, some, row++ * width, width);
      }
      return NamedTensor.of(matrix.name(), some, count(), width);
    }

    public NamedTensor columns(NamedTensor matrix) {
      int height = (int) matrix.shape()[0];
      float[] all = matrix.toFloats();
      float[] some = new float[height * count()];
      int n = 0;
      for (int i = 0; i < all.length; i++) if (left.get(i % left.size())) some[n++] = all[i];
      return NamedTensor.of(matrix.name(), some, height, count());
    }
  }

  /**
   * The tensors of one module whose ranks are allocated.
   *
   * @param module path of the linear layer
   */
  record RankTensors(String module) {
    /** The tensors that train. */
    public List<String> names() {
      return List.of(a(), b(), e());
    }

    /** (rank, in). */
    public String a() {
      return module + ".lora_A.weight";
    }

    /** (out, rank). */
    public String b() {
      return module + ".lora_B.weight";
    }

    /** (rank, 1): the factor of each rank. */
    public String e() {
      return module + ".lora_E";
    }

    /** (rank): 1 where the rank stays, 0 where it is masked. */
    public String pattern() {
      return module + ".rank_pattern";
    }

    /** Returns a {@link #pattern} that keeps every rank. */
    public NamedTensor unmasked(int rank) {
      return Starts.constant(new Slot(pattern(), rank), 1);
    }
  }

  /**
   * AdaLoRA's part of a step (Zhang et al. 2023), as in PEFT's class of this name: the orthogonal
   * regulariser, the importance of every element, and the selection of ranks. A masked rank is not
   * frozen: it may grow again until the next allocation; after the last one the mask is fixed.
   */
  static final class RankAllocator implements Parameters.StepRule {
    private final DeviceMemory memory;
    private final Parameters parameters;
    private final RankAllocation settings;
    private final List<RankTensors> modules;
    private final Map<String, PtNDArray> kept;
    private final Moments mean;
    private final Moments uncertainty;

    /**
     * A vector laid out as the parameters, with the parts that belong to a, b and e of a module.
     */
    private record Moments(PtNDArray flat, Map<RankTensors, PtNDArray[]> parts) {
      static Moments of(DeviceMemory memory, Parameters parameters, List<RankTensors> modules) {
        PtNDArray flat = memory.zeros(parameters.flatValues().size());
        Map<RankTensors, PtNDArray[]> parts = new LinkedHashMap<>();
        for (RankTensors each : modules) {
          parts.put(
              each,
              each.names().stream()
                  .map(name -> parameters.part(flat, name))
                  .toArray(PtNDArray[]::new));
        }
        return new Moments(flat, parts);
      }

      PtNDArray[] of(RankTensors module) {
        return Objects.requireNonNull(parts.get(module));
      }
    }

    /**
     * @param kept the masks (rank), 1 where a rank stays, by name
     */
    public RankAllocator(
        DeviceMemory memory,
        Parameters parameters,
        Tuner.Allocated allocated,
        Map<String, PtNDArray> kept) {
      this.memory = memory;
      this.parameters = parameters;
      settings = allocated.settings();
      modules = allocated.modules();
      this.kept = kept;
      mean = Moments.of(memory, parameters, modules);
      uncertainty = Moments.of(memory, parameters, modules);
    }

    @Override
    public DeviceMemory.Readout.Numbers regularise(DeviceMemory.Readout readout) {
      double each = settings.orthRegWeight() / (2 * modules.size());
      try (PtNDManager scope = memory.scope()) {
        return readout.add(
            memory.call(
                scope,
                "orthogonality",
                all(RankTensors::a, parameters::value),
                all(RankTensors::b, parameters::value),
                all(RankTensors::a, parameters::gradient),
                all(RankTensors::b, parameters::gradient),
                each));
      }
    }

    private PtNDArray[] all(
        Function<RankTensors, String> name, Function<String, PtNDArray> tensor) {
      return modules.stream().map(name).map(tensor).toArray(PtNDArray[]::new);
    }

    @Override
    public void updated(long step) {
      if (step < settings.lastAllocation()) {
        memory.run(
            "importance",
            parameters.flatValues(),
            parameters.flatGradients(),
            mean.flat(),
            uncertainty.flat(),
            settings.beta1(),
            settings.beta2());
      }
      if (settings.allocates(step)) allocate(settings.budget(step, modules.size()));
      if (settings.allocates(step) || step > settings.lastAllocation()) mask();
      if (step == settings.lastAllocation()) {
        memory.zero(mean.flat());
        memory.zero(uncertainty.flat());
      }
    }

    private void allocate(int budget) {
      try (PtNDManager scope = memory.scope()) {
        PtNDArray[] scores =
            modules.stream().map(each -> scores(scope, each)).toArray(PtNDArray[]::new);
        PtNDArray[] masks = modules.stream().map(this::kept).toArray(PtNDArray[]::new);
        memory.run("allocate_ranks", scores, masks, budget);
      }
    }

    private PtNDArray scores(PtNDManager scope, RankTensors module) {
      return memory.call(scope, "rank_scores", mean.of(module), uncertainty.of(module));
    }

    private void mask() {
      for (RankTensors each : modules) {
        memory.run("mask_ranks", parameters.value(each.e()), kept(each));
      }
    }

    private PtNDArray kept(RankTensors module) {
      return Objects.requireNonNull(kept.get(module.pattern()));
    }

    @Override
    public Map<String, PtNDArray> state() {
      Map<String, PtNDArray> state = new LinkedHashMap<>();
      for (RankTensors module : modules) {
        List<String> names = module.names();
        for (int i = 0; i < names.size(); i++) {
          state.put("exp_avg_ipt." + names.get(i), mean.of(module)[i]);
          state.put("exp_avg_unc." + names.get(i), uncertainty.of(module)[i]);
        }
      }
      return state;
    }
  }
}
