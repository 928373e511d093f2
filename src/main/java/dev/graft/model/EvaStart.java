package dev.graft.model;

import dev.graft.kernels.LinearAlgebra;
import dev.graft.kernels.LinearAlgebra.IncrementalPca;
import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit.Eva;
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
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * EVA (Paischer et al. 2024), as PEFT's {@code initialize_lora_eva_weights}: the factors A of a
 * LoRA begin as the directions in which the inputs of their modules vary most, and modules whose
 * inputs are explained by few directions leave ranks to others.
 *
 * @param method with the ranks that were found
 * @param factors A of the modules that were looked at, by the names of parameters
 */
public record EvaStart(Lora method, List<NamedTensor> factors) {
  /** PEFT goes on forever; directions that still turn after so many steps will not stop. */
  private static final int MOST_STEPS = 1000;

  public EvaStart {
    factors = List.copyOf(factors);
  }

  /**
   * Looks at the data until the directions stay as they are.
   *
   * @param recipe whose method is a LoRA that starts so
   * @param steps how many different ones there are; they come again in the same order
   * @param step its micro-batches: together what is one batch to PEFT
   * @param progress called before each step; may throw to give up
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
      throw new IllegalArgumentException("the method does not start from its data");
    }
    Tuner tuner = Tuners.of(method, base);
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

  /** Sets the factors of a model that was made for {@link #method}. */
  public void into(TrainableModel model) {
    Map<String, NamedTensor> found =
        factors.stream().collect(Collectors.toMap(NamedTensor::name, each -> each));
    model.load(
        model.trained().stream().map(each -> found.getOrDefault(each.name(), each)).toList());
  }

  /** The directions of all groups so far. */
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
              "eva_config.rho: times r it asks for %d directions, but %s has %d features"
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

    /** Groups with directions that still turn, among those that a rank is for. */
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
            "eva_config: no step has as many tokens as r times rho, %d; use_label_mask false, a"
                    .formatted(shares.directions(shares.groups().get(g)))
                + " larger per_device_train_batch_size or a smaller r may help");
      }
      if (made >= MOST_STEPS) {
        throw new IllegalArgumentException(
            "eva_config.tau: the directions of the inputs still turn after %d steps; a smaller tau"
                    .formatted(made)
                + " is content with less");
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

    /**
     * Tokens, without padding; of rows with labels on tokens those that the settings do not mask.
     */
    private LayerInputs.Chosen chosen(MicroBatch batch) {
      TokenLayout rows = inputs.layout(batch);
      int[][] labels =
          switch (batch) {
            case TokenBatch tokens -> tokens.labels();
            case PairBatch pairs -> pairs.rows().labels();
            case LabelBatch _ -> new int[0][];
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
}
