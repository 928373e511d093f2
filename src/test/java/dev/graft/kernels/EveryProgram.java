package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.Generator;
import dev.graft.model.Generators;
import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.Slot;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainableModel.NonfiniteGradients;
import dev.graft.model.TrainingProgram;
import dev.graft.model.TrainingSetup;
import dev.graft.model.Tuner;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Precision;
import dev.graft.training.WrittenResults;
import dev.graft.weights.Families;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A step of every family with every method under every plan, and a text continued with the result,
 * in f32 and in bf16, and one step in f16, whose loss is scaled, and one with autocast. Families
 * whose programs are the same share one.
 */
final class EveryProgram {
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);
  private static final List<Precision> PRECISIONS = List.of(Precision.F32, Precision.BF16);

  /** The family that takes a step in f16, and one with autocast. */
  private static final String SCALED = "llama";

  /** With a cache of keys and values: no plan of training. */
  private static final String GENERATION = "GENERATION";

  private final Path directory;
  private final Set<Written> run = ConcurrentHashMap.newKeySet();
  private final Set<String> covered = new ConcurrentSkipListSet<>();

  /** What two cases must share to ask the same of the device. */
  private record Written(
      AdapterMethod method, Precision precision, String program, List<String> trained) {}

  private EveryProgram(Path directory) {
    this.directory = directory;
  }

  /**
   * @param directory where the models are written
   * @return {@code FAMILY METHOD PLAN PRECISION} of all whose program ran
   */
  static Set<String> run(Path directory) throws Exception {
    EveryProgram all = new EveryProgram(directory);
    try (ExecutorService two = Executors.newFixedThreadPool(2)) {
      List<Callable<Void>> families = new ArrayList<>();
      for (String family : Families.NAMES) families.add(() -> all.family(family));
      for (Future<Void> each : two.invokeAll(families)) each.get();
    }
    return all.covered;
  }

  /** All that there should be. */
  static Set<String> expected() {
    Set<String> all = new TreeSet<>();
    for (String family : Families.NAMES) {
      ModelConfig config = Families.read(family);
      for (Class<?> method : FittingMethods.all()) {
        if (!FittingMethods.fits(method, config)) continue;
        for (Precision precision : PRECISIONS) {
          for (ComputePlan.Kind plan : ComputePlan.Kind.values()) {
            all.add(name(family, method, plan.name(), precision));
          }
          if (config.task() instanceof Task.CausalLm) {
            all.add(name(family, method, GENERATION, precision));
          }
        }
      }
    }
    return all;
  }

  private static String name(String family, Class<?> method, String plan, Precision precision) {
    return String.join(" ", family, method.getSimpleName(), plan, precision.name());
  }

  private Void family(String family) throws IOException {
    Path path = TinyModels.write(directory.resolve(family), threeLayers(family));
    try (ModelDirectory base = ModelDirectory.open(path)) {
      for (Precision precision : PRECISIONS) {
        List<Path> results = new ArrayList<>();
        for (AdapterMethod method : FittingMethods.of(base.config())) {
          if (run.add(written(base, method, precision))) {
            Path result = path.resolve(precision + "-" + results.size());
            train(base, method, precision, false, result);
            if (Files.exists(result.resolve("adapter_config.json"))) results.add(result);
          }
          for (ComputePlan.Kind plan : ComputePlan.Kind.values()) {
            covered.add(name(family, method.getClass(), plan.name(), precision));
          }
        }
        if (base.config().task() instanceof Task.CausalLm) {
          generate(path, results, precision);
          for (AdapterMethod method : FittingMethods.of(base.config())) {
            covered.add(name(family, method.getClass(), GENERATION, precision));
          }
        }
      }
    }
    if (family.equals(SCALED)) {
      try (ModelDirectory base = ModelDirectory.open(path)) {
        AdapterMethod first = FittingMethods.of(base.config()).getFirst();
        train(base, first, Precision.F16, false, path.resolve("f16"));
        train(base, first, Precision.BF16, true, path.resolve("autocast"));
      }
    }
    return null;
  }

  /** A first, a middle and a last one: their programs and gradients differ. */
  private static ObjectNode threeLayers(String family) {
    ObjectNode config = Families.json(family);
    for (String layers : List.of("num_hidden_layers", "n_layer", "n_layers")) {
      if (config.path(layers).asInt(3) == 2) config.put(layers, 3);
    }
    for (String list : List.of("layer_types", "no_rope_layers")) {
      if (config.get(list) instanceof ArrayNode of && of.size() == 2) of.add(of.get(1));
    }
    return config;
  }

  private static Written written(ModelDirectory base, AdapterMethod method, Precision precision) {
    return new Written(
        method,
        precision,
        TrainingProgram.of(base, setup(method, precision, false, ComputePlan.Kind.KEEP)).text(),
        Tuner.of(method, base).slots().stream().map(Slot::name).toList());
  }

  private static TrainingSetup setup(
      AdapterMethod method, Precision precision, boolean autocast, ComputePlan.Kind plan) {
    var execution = new Execution(Execution.CPU, precision, autocast, plan(plan, precision), 1);
    return new TrainingSetup(method, ADAMW, execution, 1);
  }

  /** What is computed again, by the attention that a GPU would take. */
  private static ComputePlan plan(ComputePlan.Kind kind, Precision precision) {
    ComputePlan plan = new ComputePlan(kind);
    if (kind != ComputePlan.Kind.RECOMPUTE) return plan;
    return plan.attending(
        precision.half() ? ComputePlan.Attention.FLASH : ComputePlan.Attention.EFFICIENT);
  }

  /**
   * @param result where it is written
   */
  private static void train(
      ModelDirectory base,
      AdapterMethod method,
      Precision precision,
      boolean autocast,
      Path result) {
    for (ComputePlan.Kind plan : ComputePlan.Kind.values()) {
      try (TrainableModel model =
          TrainableModel.load(base, setup(method, precision, autocast, plan))) {
        while (!step(model, base)) assertThat(model.lowerLossScale()).isTrue();
        model.evaluate(rows(base, 0));
        if (plan == ComputePlan.Kind.KEEP) {
          WrittenResults.write(result, base, method, model);
        }
      }
    }
  }

  /** Whether its gradients were finite. */
  private static boolean step(TrainableModel model, ModelDirectory base) {
    for (int alike : new int[] {20, 0}) {
      MicroBatch rows = rows(base, alike);
      model.accumulate(rows, 2 * rows.targets(), 1);
    }
    try {
      model.update(1e-3);
      return true;
    } catch (NonfiniteGradients e) {
      model.discard();
      return false;
    }
  }

  /**
   * @param results adapters of the base
   */
  private static void generate(Path path, List<Path> results, Precision precision) {
    var execution = new Execution(Execution.CPU, precision, ComputePlan.KEEP, 1);
    try (Generator generator = Generators.load(path, null, null, execution)) {
      generate(generator);
      for (Path each : results) {
        generator.adapter(each);
        generate(generator);
      }
    }
  }

  private static void generate(Generator generator) {
    try (Generator.Text text = generator.read(new int[] {3, 4, 5})) {
      text.append(6);
      text.logits();
    }
  }

  /** Two rows that begin with so many tokens alike. */
  private static MicroBatch rows(ModelDirectory base, int alike) {
    int[] first = new SplittableRandom(1).ints(24, 3, 97).toArray();
    int[] second = new SplittableRandom(2).ints(24, 3, 97).toArray();
    System.arraycopy(first, 0, second, 0, alike);
    int[][] ids = {first, second};
    return switch (base.config().task()) {
      case Task.CausalLm() -> new TokenBatch(ids, ids);
      case Task.SequenceClassification head -> {
        int outputs =
            head.problem() == Task.Problem.SINGLE_LABEL_CLASSIFICATION ? 1 : head.numLabels();
        yield new LabelBatch(ids, new double[][] {new double[outputs], new double[outputs]});
      }
    };
  }
}
