package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.LinearAlgebra;
import dev.graft.kernels.LinearAlgebra.IncrementalPca;
import dev.graft.kernels.LinearLayer.ReadValues;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.spec.LoraInit.Eva;
import dev.graft.weights.Leaf;
import dev.graft.weights.LinearTargets.AdaptedModules;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Dropouts;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * EVA (Paischer et al. 2024), as PEFT's {@code initialize_lora_eva_weights}: the factors A of a
 * LoRA start as the directions in which the inputs of their modules vary most, and modules whose
 * inputs need few directions leave ranks to others.
 *
 * @param method with the ranks that were found
 * @param factors A of the examined modules, by the names of parameters
 */
public record EvaStart(Lora method, List<NamedTensor> factors) {
  /** PEFT has no limit; directions that still change after this many steps do not converge. */
  private static final int MOST_STEPS = 1000;

  public EvaStart {
    factors = List.copyOf(factors);
  }

  /**
   * Examines the data until the directions converge.
   *
   * @param recipe whose method is a LoRA with this start
   * @param steps number of different steps, which repeat in the same order
   * @param step returns the micro-batches of a step, together one batch of PEFT
   * @param progress called before each step; may throw to stop
   * @throws IllegalArgumentException if the data or the base do not fit the settings
   */
  public static EvaStart find(
      ModelDirectory base,
      TrainingSetup recipe,
      int steps,
      IntFunction<List<MicroBatch>> step,
      Runnable progress) {
    if (!(recipe.method() instanceof Lora method
        && method.initLoraWeights() instanceof Eva settings)) {
      throw new IllegalArgumentException("the method does not start from the data");
    }
    Tuner tuner = Tuner.of(method, base);
    AdaptedModules adapted =
        AdaptedModules.of(method.targets(), method.extras().modulesToSave(), base.config());
    Map<String, ModelConfig.Linear> modules =
        adapted.linears().stream().collect(Collectors.toMap(ModelConfig.Linear::path, m -> m));
    try (LayerInputs inputs = LayerInputs.open(base, tuner, recipe, modules.keySet());
        LinearAlgebra algebra = new LinearAlgebra()) {
      EvaRanks ranks = new EvaRanks(method, settings, inputs.groups());
      Search search = new Search(inputs, ranks, modules, algebra);
      for (int made = 0; search.goesOn(); made++) {
        progress.run();
        search.requireHope(made, steps);
        search.add(step.apply(made % steps));
      }
      Lora learned = new LearnedRanks(search.ranks).method(method, base.config());
      return new EvaStart(learned, search.factors());
    }
  }

  /** Sets the factors of a model of {@link #method}. */
  public void into(TrainableModel model) {
    Map<String, NamedTensor> found =
        factors.stream().collect(Collectors.toMap(NamedTensor::name, each -> each));
    model.load(
        model.trained().stream().map(each -> found.getOrDefault(each.name(), each)).toList());
  }

  /** The search for the directions of all groups. */
  private static final class Search {
    private final LayerInputs inputs;
    private final EvaRanks shares;
    private final Eva settings;
    private final Map<String, ModelConfig.Linear> modules;
    private final List<IncrementalPca> directions = new ArrayList<>();
    private Map<String, Integer> ranks;

    Search(
        LayerInputs inputs,
        EvaRanks shares,
        Map<String, ModelConfig.Linear> modules,
        LinearAlgebra algebra) {
      this.inputs = inputs;
      this.shares = shares;
      this.modules = modules;
      settings = shares.settings();
      ranks = shares.most();
      for (List<String> group : shares.groups()) {
        int size = shares.directions(group);
        int features = module(group.getFirst()).inFeatures();
        if (size > features) {
          throw new IllegalArgumentException(
              "eva_config.rho: rho times r requires %d directions, but %s has %d features"
                  .formatted(size, group.getFirst(), features));
        }
        directions.add(algebra.incremental(size));
      }
    }

    private ModelConfig.Linear module(String path) {
      return Objects.requireNonNull(modules.get(path), path);
    }

    boolean goesOn() {
      return !open().isEmpty();
    }

    /** Returns the groups of which a needed direction still changes. */
    private Set<Integer> open() {
      Set<Integer> open = new HashSet<>();
      for (int g = 0; g < directions.size(); g++) {
        int needed = Objects.requireNonNull(ranks.get(shares.groups().get(g).getFirst()));
        if (!directions.get(g).converged(needed, settings.tau())) open.add(g);
      }
      return open;
    }

    void requireHope(int made, int steps) {
      for (int g = 0; made >= steps && g < directions.size(); g++) {
        if (directions.get(g).started()) continue;
        throw new IllegalArgumentException(
            "eva_config: no step has r times rho = %d tokens; try use_label_mask false, a"
                    .formatted(shares.directions(shares.groups().get(g)))
                + " larger per_device_train_batch_size or a smaller r");
      }
      if (made >= MOST_STEPS) {
        throw new IllegalArgumentException(
            "eva_config.tau: the directions of the inputs still change after %d steps; use a"
                    .formatted(made)
                + " smaller tau");
      }
    }

    void add(List<MicroBatch> step) {
      List<LayerInputs.Chosen> chosen =
          step.stream().map(this::chosen).filter(each -> each.positions().length > 0).toList();
      if (chosen.isEmpty()) return;
      inputs.show(chosen, open(), (group, rows) -> directions.get(group).add(rows));
      if (directions.stream().allMatch(IncrementalPca::started)) {
        ranks = shares.shared(directions.stream().map(IncrementalPca::explained).toList());
      }
    }

    List<NamedTensor> factors() {
      List<NamedTensor> all = new ArrayList<>();
      for (int g = 0; g < directions.size(); g++) {
        for (String path : shares.groups().get(g)) {
          int rank = Objects.requireNonNull(ranks.get(path));
          if (rank > 0) all.add(factor(path, rank, directions.get(g)));
        }
      }
      return all;
    }

    private NamedTensor factor(String path, int rank, IncrementalPca of) {
      int features = module(path).inFeatures();
      double[] components = of.components();
      double[] lengths = of.singularValues();
      float[] a = new float[rank * features];
      for (int i = 0; i < a.length; i++) {
        double each = components[i];
        a[i] = (float) (settings.whiten() ? each / Math.sqrt(lengths[i / features]) : each);
      }
      return NamedTensor.of(path + ".lora_A.weight", a, rank, features);
    }

    /** Returns the tokens that count, without those whose labels the settings mask. */
    private LayerInputs.Chosen chosen(MicroBatch batch) {
      TokenLayout rows = inputs.layout(batch);
      int[][] labels =
          switch (batch) {
            case MicroBatch.TokenBatch tokens -> tokens.labels();
            case MicroBatch.PairBatch pairs -> pairs.rows().labels();
            case MicroBatch.LabelBatch _ -> new int[0][];
          };
      LongStream.Builder positions = LongStream.builder();
      for (int r = 0; r < rows.rows(); r++) {
        for (int t = 0; t < rows.places()[r].length; t++) {
          boolean masked =
              settings.useLabelMask()
                  && labels.length > 0
                  && labels[r][t] == settings.labelMaskValue();
          if (!masked) positions.add(rows.places()[r][t]);
        }
      }
      return new LayerInputs.Chosen(rows, positions.build().toArray());
    }
  }

  /**
   * Shares the ranks of a LoRA among its modules as EVA (Paischer et al. 2024) and PEFT do: the
   * directions of all modules, those that explain most first, up to the total rank of the
   * configuration.
   *
   * @param groups paths of modules, in the order of the forward pass; those of a group have equal
   *     inputs and are represented by the first one
   */
  record EvaRanks(Lora method, Eva settings, List<List<String>> groups) {
    public EvaRanks {
      groups = groups.stream().map(List::copyOf).toList();
    }

    /** A direction of a module and its share in the variance of the module's inputs. */
    private record Direction(String module, double explained) {}

    /**
     * Returns the number of directions to find in a group: its largest rank times rho, rounded to
     * even.
     */
    public int directions(List<String> group) {
      return group.stream().mapToInt(this::most).max().orElseThrow();
    }

    private int most(String module) {
      return (int) Math.rint(method.rank(module) * settings.rho());
    }

    /** Returns the maximum rank of each module. */
    public Map<String, Integer> most() {
      Map<String, Integer> ranks = new HashMap<>();
      for (List<String> group : groups) {
        for (String module : group) ranks.put(module, directions(group));
      }
      return ranks;
    }

    /**
     * @param explained variance of each group's directions, largest first
     * @return rank of every module, 0 included; no module of a group has more than its first one
     */
    public Map<String, Integer> shared(List<double[]> explained) {
      Map<String, double[]> byModule = new LinkedHashMap<>();
      for (int g = 0; g < groups.size(); g++) {
        byModule.put(groups.get(g).getFirst(), explained.get(g));
      }
      for (int g = 0; g < groups.size(); g++) {
        for (String module : groups.get(g)) byModule.putIfAbsent(module, explained.get(g));
      }
      Map<String, Integer> ranks = new HashMap<>();
      byModule.keySet().forEach(module -> ranks.put(module, 0));
      directions(byModule).stream()
          .limit(budget())
          .forEach(each -> ranks.merge(each.module(), 1, Integer::sum));
      for (List<String> group : groups) firstHasMost(group, ranks);
      return ranks;
    }

    /** The sort is stable: of equal inputs the first module comes first. */
    private static List<Direction> directions(Map<String, double[]> byModule) {
      List<Direction> all = new ArrayList<>();
      byModule.forEach(
          (module, explained) -> {
            for (double each : explained) all.add(new Direction(module, each));
          });
      all.sort(Comparator.comparingDouble(Direction::explained).reversed());
      return all;
    }

    private int budget() {
      return groups.stream().flatMap(List::stream).mapToInt(method::rank).sum();
    }

    /**
     * Gives the first module the largest rank of its group, because only its directions are checked
     * for convergence.
     */
    private static void firstHasMost(List<String> group, Map<String, Integer> ranks) {
      String first = group.getFirst();
      for (String module : group) {
        int most = Objects.requireNonNull(ranks.get(first));
        int own = Objects.requireNonNull(ranks.get(module));
        ranks.put(first, Math.max(most, own));
        if (own > most) ranks.put(module, most);
      }
    }
  }

  /**
   * A base without adapter and head that reads the inputs of linear layers. All rows pass a layer
   * before the next one, so that beside the hidden states only the inputs of one layer exist at a
   * time.
   */
  private static final class LayerInputs implements AutoCloseable {
    private final DeviceMemory memory;
    private final Transformer model;
    private final ForwardPass inference;
    private final List<ReadValues> layers;

    private LayerInputs(
        DeviceMemory memory, Transformer model, ForwardPass inference, List<ReadValues> layers) {
      this.memory = memory;
      this.model = model;
      this.inference = inference;
      this.layers = layers;
    }

    /** Receives the inputs of modules. */
    @FunctionalInterface
    interface Listener {
      /**
       * @param group index of the modules in {@link #groups}
       * @param rows (n, features) in f32, of one micro-batch each; closed afterwards
       */
      void hear(int group, PtNDArray[] rows);
    }

    /** Rows and which of their tokens count. */
    record Chosen(TokenLayout rows, long[] positions) {}

    /**
     * Loads a base.
     *
     * @param tuner that may replace weights of the base
     * @param modules paths of linear layers; those outside of layers are ignored
     */
    static LayerInputs open(
        ModelDirectory base, Tuner tuner, TrainingSetup recipe, Set<String> modules) {
      Family family = Family.of(base.config(), Dropouts.NONE);
      List<ReadValues> layers = new ArrayList<>();
      for (int i = 0; i < base.config().numHiddenLayers(); i++) {
        layers.add(ReadValues.of(base.config().layerPrefix(i), family.layer(i), modules));
      }
      Set<String> head =
          base.config().newHead().stream()
              .map(ModelConfig.Parameter::name)
              .collect(Collectors.toSet());
      Execution execution = recipe.execution();
      return DeviceMemory.open(
          execution,
          memory -> {
            ModelTensors tensors = new ModelTensors(execution.precision());
            new BaseWeights(base, recipe.quantization(), tuner)
                .load(memory, tensors, name -> !head.contains(name));
            Transformer model = Transformer.shown(family, memory, tensors, layers);
            return new LayerInputs(memory, model, ForwardPass.of(model, execution.plan()), layers);
          });
    }

    /**
     * Returns the modules in the order of the forward pass; those of a group read the same value.
     */
    List<List<String>> groups() {
      return layers.stream().flatMap(each -> each.modules().values().stream()).toList();
    }

    TokenLayout layout(MicroBatch batch) {
      return switch (batch) {
        case MicroBatch.TokenBatch tokens -> inference.layout(tokens, false);
        case MicroBatch.PairBatch pairs -> inference.layout(pairs.rows(), false);
        case MicroBatch.LabelBatch labels -> inference.layout(labels.inputIds());
      };
    }

    /**
     * Computes rows and passes the inputs of modules to a listener.
     *
     * @param wanted groups to report; layers after the last of them are not computed
     */
    void show(List<Chosen> batches, Set<Integer> wanted, Listener listener) {
      List<IValue> current = new ArrayList<>();
      try (PtNDManager scope = memory.scope()) {
        List<BatchInputs> inputs = new ArrayList<>();
        try {
          for (Chosen each : batches) {
            inputs.add(inference.inputs(scope, each.rows(), each.positions()));
          }
          for (int b = 0; b < inputs.size(); b++) {
            try (IValue ids = IValue.from(inputs.get(b).ids())) {
              current.add(infer(model.stages().getFirst(), "_infer", ids, inputs.get(b)));
            }
          }
          int first = 0;
          for (int i = 0; i < layers.size() && isBehind(first, wanted); i++) {
            layer(i, first, inputs, current, wanted, listener);
            first += layers.get(i).modules().size();
          }
        } finally {
          inputs.forEach(BatchInputs::close);
        }
      } finally {
        current.forEach(IValue::close);
      }
    }

    private static boolean isBehind(int group, Set<Integer> wanted) {
      return wanted.stream().anyMatch(each -> each >= group);
    }

    /** Computes one layer of all batches and replaces them by its outputs. */
    private void layer(
        int layer,
        int firstGroup,
        List<BatchInputs> inputs,
        List<IValue> current,
        Set<Integer> wanted,
        Listener listener) {
      Transformer.Stage stage = model.stages().get(layer + 1);
      int groups = layers.get(layer).modules().size();
      PtNDArray[][] shown = new PtNDArray[groups][inputs.size()];
      try (PtNDManager scope = memory.scope()) {
        for (int b = 0; b < inputs.size(); b++) {
          try (IValue x = current.get(b)) {
            if (groups == 0) {
              current.set(b, infer(stage, "_infer", x, inputs.get(b)));
              continue;
            }
            try (IValue both = infer(stage, "_inputs", x, inputs.get(b))) {
              IValue[] parts = both.toIValueTuple();
              current.set(b, parts[0]);
              try (IValue values = parts[1]) {
                PtNDArray[] arrays = values.toTensorArray(scope);
                for (int g = 0; g < groups; g++) shown[g][b] = arrays[g];
              }
            }
          }
        }
        for (int g = 0; g < groups; g++) {
          if (wanted.contains(firstGroup + g)) listener.hear(firstGroup + g, shown[g]);
        }
      }
    }

    private IValue infer(Transformer.Stage stage, String method, IValue x, BatchInputs inputs) {
      return model.up(stage, method, x, inputs, inputs.context());
    }

    @Override
    public void close() {
      model.close();
      memory.close();
    }
  }

  /**
   * The ranks of the linear layers of a LoRA that were found in the data, by module path; 0 = the
   * module gets no factors.
   */
  public record LearnedRanks(Map<String, Integer> ranks) {
    public LearnedRanks {
      ranks = Map.copyOf(ranks);
    }

    /**
     * Returns the ranks of trained factors.
     *
     * @param trained of a checkpoint, by the names of slots
     */
    public static LearnedRanks of(Lora asked, ModelConfig base, SafetensorsFile trained) {
      Map<String, Integer> ranks = new HashMap<>();
      for (Linear each : adapted(asked, base).linears()) {
        MappedTensor a = trained.find(each.path() + LoraTuner.A);
        ranks.put(each.path(), a == null ? 0 : Math.toIntExact(a.shape()[0]));
      }
      return new LearnedRanks(ranks);
    }

    private static AdaptedModules adapted(Lora method, ModelConfig base) {
      return AdaptedModules.of(method.targets(), method.extras().modulesToSave(), base);
    }

    /**
     * Returns the method with these ranks, as PEFT writes it: every adapted module by its path, and
     * patterns for those that differ from {@code r} and {@code lora_alpha}. A module without a rank
     * here keeps its own.
     */
    public Lora method(Lora asked, ModelConfig base) {
      AdaptedModules modules = adapted(asked, base);
      boolean adjusts =
          asked.initLoraWeights() instanceof Eva settings && settings.adjustScalingFactors();
      List<String> paths = new ArrayList<>();
      SortedMap<String, Integer> rankPattern = new TreeMap<>();
      SortedMap<String, Double> alphaPattern = new TreeMap<>();
      for (String path : paths(modules, base)) {
        int before = asked.rank(path);
        int rank = ranks.getOrDefault(path, before);
        if (rank == 0) continue;
        double alpha = asked.alpha(path);
        if (adjusts && rank != before) alpha *= (double) rank / before;
        paths.add(path);
        if (rank != asked.r()) rankPattern.put(path, rank);
        if (alpha != asked.loraAlpha()) alphaPattern.put(path, alpha);
      }
      return new Lora(
          asked.r(),
          asked.loraAlpha(),
          asked.loraDropout(),
          asked.targets().of(new TargetModules.Names(paths)),
          asked.initLoraWeights(),
          asked.variant(),
          new LoraPatterns(rankPattern, alphaPattern),
          asked.extras());
    }

    private static List<String> paths(AdaptedModules modules, ModelConfig base) {
      List<String> paths = new ArrayList<>();
      modules.tables().stream().map(Leaf::path).forEach(paths::add);
      modules.linears().stream().map(Linear::path).forEach(paths::add);
      if (modules.output()) paths.add(base.outputModule());
      return paths;
    }
  }
}
