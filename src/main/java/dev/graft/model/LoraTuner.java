package dev.graft.model;

import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.spec.LoraInit;
import dev.graft.weights.Leaf;
import dev.graft.weights.LinearTargets.AdaptedModules;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** LoRA (Hu et al. 2021) with all that PEFT's {@code LoraConfig} can train beside its factors. */
final class LoraTuner extends PartsTuner {
  private final Lora method;

  public LoraTuner(Lora method, ModelDirectory base) {
    super(parts(method, base));
    this.method = method;
  }

  private static List<Trainable> parts(Lora method, ModelDirectory base) {
    ModelConfig config = base.config();
    List<String> toSave = method.extras().modulesToSave();
    SavedModules whole = SavedModules.of(toSave, base);
    AdaptedModules modules = AdaptedModules.of(method.targets(), toSave, config);
    List<ModelConfig.Linear> linears =
        modules.linears().stream().filter(each -> !whole.covers(each.path())).toList();
    List<Leaf> tables =
        modules.tables().stream().filter(each -> !whole.covers(each.path())).toList();
    Set<String> adapted =
        linears.stream().map(ModelConfig.Linear::path).collect(Collectors.toSet());
    Set<String> all = new HashSet<>(adapted);
    tables.forEach(each -> all.add(each.path()));
    if (modules.output()) all.add(config.outputModule());
    List<Trainable> parts = new ArrayList<>();
    parts.add(new LinearFactors(method, linears, base));
    parts.add(new EmbeddingFactors(method, tables, base));
    if (modules.output()) parts.add(new EmbeddingFactors.OutputFactors(method, base));
    parts.add(new TrainedTokens(method.extras().trainableTokenIndices(), all, whole, base));
    parts.add(new TrainedBiases(method.variant().bias(), adapted, whole, config));
    parts.add(whole);
    return parts;
  }

  @Override
  public Tuner.@Nullable SavedResult converted(List<NamedTensor> values) {
    // its ranks are those that EVA found
    if (method.initLoraWeights() instanceof LoraInit.Eva) {
      return new Tuner.SavedResult(method, saved(values));
    }
    if (!method.initLoraWeights().changesBase()) return null;
    PlainLora plain = PlainLora.of(method, values);
    return new Tuner.SavedResult(plain.method(), saved(plain.values()));
  }

  /**
   * An adapter whose start was subtracted from the base, as a LoRA of twice the rank for the
   * unchanged base: with A' = [A; A0] and B' = [B, -B0] the product B' A' is B A - B0 A0. PEFT does
   * the same when it saves with {@code path_initial_model_for_weight_conversion}.
   *
   * @param values of the slots of the method
   */
  private record PlainLora(Lora method, List<NamedTensor> values) {
    /**
     * @param values of the slots, and of the factors that were subtracted from the base
     */
    public static PlainLora of(Lora method, List<NamedTensor> values) {
      Map<String, NamedTensor> byName = NamedTensor.byName(values);
      List<NamedTensor> plain = new ArrayList<>();
      for (NamedTensor each : values) {
        String name = each.name();
        if (name.contains(INITIAL + ".")) continue;
        if (name.endsWith(EmbeddingFactors.A)) plain.add(below(each, zeros(each)));
        else if (name.endsWith(EmbeddingFactors.B)) plain.add(beside(each, zeros(each)));
        else if (name.endsWith(A)) plain.add(below(each, initial(byName, name, A)));
        else if (name.endsWith(B)) {
          plain.add(beside(each, initial(byName, name, B)));
        } else plain.add(each);
      }
      return new PlainLora(doubled(method), plain);
    }

    private static NamedTensor initial(
        Map<String, NamedTensor> values, String name, String factor) {
      String module = name.substring(0, name.length() - factor.length());
      return Objects.requireNonNull(values.get(module + INITIAL + factor), name);
    }

    /**
     * Returns zeros for embeddings, from which nothing is subtracted but which have the same rank.
     */
    private static NamedTensor zeros(NamedTensor factor) {
      return NamedTensor.of(factor.name(), new float[factor.toFloats().length], factor.shape());
    }

    /** [A; A0]. */
    private static NamedTensor below(NamedTensor a, NamedTensor initial) {
      float[] rows = a.toFloats();
      float[] lost = initial.toFloats();
      float[] both = new float[2 * rows.length];
      System.arraycopy(rows, 0, both, 0, rows.length);
      System.arraycopy(lost, 0, both, rows.length, rows.length);
      return NamedTensor.of(a.name(), both, 2 * a.shape()[0], a.shape()[1]);
    }

    /** [B, -B0]. */
    private static NamedTensor beside(NamedTensor b, NamedTensor initial) {
      float[] columns = b.toFloats();
      float[] lost = initial.toFloats();
      int r = (int) b.shape()[1];
      float[] both = new float[2 * columns.length];
      for (int i = 0; i < columns.length; i++) {
        int at = i / r * 2 * r + i % r;
        both[at] = columns[i];
        both[at + r] = -lost[i];
      }
      return NamedTensor.of(b.name(), both, b.shape()[0], 2L * r);
    }

    /** Returns the method with twice the rank and the same scale. */
    private static Lora doubled(Lora method) {
      double factor = method.variant().useRslora() ? Math.sqrt(2) : 2;
      SortedMap<String, Integer> ranks = new TreeMap<>();
      method.patterns().rankPattern().forEach((key, rank) -> ranks.put(key, 2 * rank));
      SortedMap<String, Double> alphas = new TreeMap<>();
      method.patterns().alphaPattern().forEach((key, alpha) -> alphas.put(key, factor * alpha));
      return new Lora(
          2 * method.r(),
          factor * method.loraAlpha(),
          method.loraDropout(),
          method.targets(),
          new LoraInit.Standard(),
          method.variant(),
          new LoraPatterns(ranks, alphas),
          method.extras());
    }
  }

  static final String WEIGHT = ".weight";
  static final String A = ".lora_A.weight";
  static final String B = ".lora_B.weight";
  static final String BIAS = ".lora_B.bias";

  /** Between a module's path and the names of the factors that were subtracted from its weight. */
  static final String INITIAL = ".initial";

  /**
   * Returns PEFT's start of a factor: A is uniform within 1/sqrt(in), B and its bias are zero;
   * gaussian: A has deviation 1/r; random: B and its bias are uniform within 1/sqrt(r).
   *
   * @param r rank of the slot's module
   */
  static NamedTensor start(LoraInit init, Slot slot, int r, long seed) {
    boolean a = slot.name().endsWith(A);
    double bound = 1 / Math.sqrt(a ? slot.shape()[1] : r);
    return switch (init) {
      // EVA sets its factors later
      case LoraInit.Standard _, LoraInit.Eva _ ->
          a ? Starts.uniform(slot, bound, seed) : Starts.zeros(slot);
      case LoraInit.Random() -> Starts.uniform(slot, bound, seed);
      case LoraInit.Gaussian() -> a ? Starts.normal(slot, 1.0 / r, seed) : Starts.zeros(slot);
      case LoraInit.Orthogonal _, LoraInit.Pissa _, LoraInit.Olora _, LoraInit.Loftq _ ->
          throw new IllegalStateException(init + " needs linear algebra");
    };
  }

  /**
   * PEFT's {@code bias}: biases of the base that train beside the factors. Those of adapted modules
   * have another name in PEFT's file, because its layers wrap them.
   *
   * @param adapted paths of the modules with factors
   * @param whole modules that train as a whole
   */
  record TrainedBiases(Bias bias, Set<String> adapted, SavedModules whole, ModelConfig config)
      implements Trainable {
    private static final String BIAS = ".bias";

    public TrainedBiases {
      adapted = Set.copyOf(adapted);
    }

    @Override
    public List<Slot> slots() {
      List<Slot> slots = new ArrayList<>();
      for (ModelConfig.Parameter each : config.parameters()) {
        if (!each.name().endsWith(BIAS) || whole.trains(each.name())) continue;
        boolean trains =
            switch (bias) {
              case NONE -> false;
              case ALL -> true;
              case LORA_ONLY -> adapted.contains(each.module());
            };
        if (trains) slots.add(Slot.of(each));
      }
      return slots;
    }

    @Override
    public Set<String> inPlace() {
      return slots().stream().map(Slot::name).collect(Collectors.toSet());
    }

    @Override
    public String savedName(String slot) {
      String module = slot.substring(0, slot.length() - BIAS.length());
      return Trainable.super.savedName(
          adapted.contains(module) ? module + ".base_layer" + BIAS : slot);
    }
  }
}
