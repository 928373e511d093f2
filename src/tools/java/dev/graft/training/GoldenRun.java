package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.PendingLoss;
import dev.graft.model.PendingLoss.PairMetrics;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.Schedules;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainingSetup;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.SavedResult;
import dev.graft.spec.AdaLora;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Freeze;
import dev.graft.spec.Lora;
import dev.graft.spec.Preference;
import dev.graft.spec.TrainingSpec.Outputs;
import dev.graft.training.GoldenResult.Differences;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * Trains a golden case as the reference did, and compares every step. The format is that of the
 * fixtures' own README: the loss of a window is its sum over the number of its targets.
 */
public final class GoldenRun {
  private static final double LEARNING_RATE = 1e-9;

  private final GoldenCase golden;
  private final GoldenBatches batches;
  private final GoldenResult.Collector result = new GoldenResult.Collector();

  private GoldenRun(GoldenCase golden, ModelConfig config) {
    this.golden = golden;
    batches = new GoldenBatches(golden, config);
  }

  /**
   * @param directory holds {@code case.json}
   * @return skipped if the case needs something that is not implemented
   */
  public static GoldenResult run(Path directory, ComputePlan plan) {
    return run(directory, plan, null);
  }

  /**
   * @param out where the trained adapter is written as the result of a job would be, or null
   */
  static GoldenResult run(Path directory, ComputePlan plan, @Nullable Path out) {
    return run(directory, Execution.CPU, plan, out);
  }

  /**
   * @param device as libtorch calls it
   * @param out where the trained adapter is written as the result of a job would be, or null
   */
  public static GoldenResult run(
      Path directory, String device, ComputePlan plan, @Nullable Path out) {
    String name = directory.getFileName().toString();
    if (QuantisedTensors.isIn(directory)) return QuantisedTensors.compare(directory);
    try {
      GoldenCase golden = GoldenCaseReader.read(directory);
      try (ModelDirectory base = openBase(golden.model())) {
        GoldenRun run = new GoldenRun(golden, base.config());
        run.run(base, golden.recipe(device, plan), out);
        return new GoldenResult(name, run.result.measures(), null);
      }
    } catch (GoldenResult.Unsupported e) {
      return new GoldenResult(name, List.of(), e.getMessage());
    }
  }

  private static ModelDirectory openBase(Path path) {
    try {
      return ModelDirectory.open(path);
    } catch (BadModel e) {
      throw new GoldenResult.Unsupported(String.valueOf(e.getMessage()));
    }
  }

  private void run(ModelDirectory base, TrainingSetup recipe, @Nullable Path out) {
    try (TrainableModel model = load(base, recipe);
        GoldenFile probe = new GoldenFile(golden.directory().resolve("probe.safetensors"))) {
      QuantisedTensors.compareBase(golden, base, result);
      compareLogits("before", probe, model);
      result.require("trainable", model.trainableParameters() == golden.trainable());
      train(model);
      compareLogits("after", probe, model);
      compareSaved(base, model.saved());
      MergedWeight.compare(golden, base, model.trained(), probe, result);
      ChangedBase.compare(golden, base, model, probe, result);
      if (out != null) {
        String name = golden.model().getFileName().toString();
        ResultFormat.write(out, base, name, golden.method(), model, Map.of());
        ResultFormat.writeOutputs(
            out, base, name, Outputs.DEFAULT, golden.quantization(), Map.of());
        if (golden.method() instanceof Lora lora
            && lora.initLoraWeights().changesBaseRepeatably()) {
          ResultFormat.writeTrainedForm(out, base, name, lora, model, Map.of());
        }
      }
      GreedyContinuation.compare(golden, model, result); // leaves the adapter at zero
    }
  }

  private TrainableModel load(ModelDirectory base, TrainingSetup recipe) {
    TrainableModel model;
    try {
      model = TrainableModel.load(base, recipe);
    } catch (IllegalArgumentException | BadModel e) {
      throw new GoldenResult.Unsupported(String.valueOf(e.getMessage()));
    }
    Path start = golden.directory().resolve("init/adapter_model.safetensors");
    if (Files.exists(start)) {
      model.loadSaved(start(start));
      ChangedBase.start(model);
    }
    return model;
  }

  /** The saved adapter, and the parameters of an encoder that PEFT itself does not save. */
  private List<NamedTensor> start(Path adapter) {
    List<NamedTensor> tensors = new ArrayList<>();
    try (GoldenFile file = new GoldenFile(adapter)) {
      tensors.addAll(file.copies());
    }
    Path encoder = golden.directory().resolve("init/prompt_encoder.safetensors");
    if (!Files.exists(encoder)) return tensors;
    try (GoldenFile file = new GoldenFile(encoder)) {
      for (NamedTensor each : file.copies()) {
        tensors.add(each.renamed("prompt_encoder." + each.name()));
      }
    }
    return tensors;
  }

  private void train(TrainableModel model) {
    double[] losses = new double[golden.steps()];
    double[] norms = new double[golden.steps()];
    double[] rates = new double[golden.steps()];
    try (GoldenFile file = new GoldenFile(golden.directory().resolve("batches.safetensors"))) {
      GoldenPairs pairs = new GoldenPairs(golden, model);
      GoldenRanks ranks = new GoldenRanks(golden, model);
      List<List<MicroBatch>> windows = new ArrayList<>();
      for (int step = 0; step < golden.steps(); step++) {
        windows.add(pairs.measured(batches.window(file, step)));
      }
      for (int step = 0; step < golden.steps(); step++) {
        List<MicroBatch> window = windows.get(step);
        long targets = window.stream().mapToLong(MicroBatch::targets).sum();
        List<PendingLoss> parts = new ArrayList<>();
        for (MicroBatch batch : window) {
          parts.add(model.enqueue(pairs.measured(batch), targets, 0));
        }
        rates[step] = rate(step);
        norms[step] = model.update(rates[step]);
        double mean = mean(parts, pairs);
        losses[step] = mean + model.regulariser();
        ranks.add(step, mean);
      }
      pairs.compare(result);
      ranks.compare(result);
    }
    result.add("loss", Differences.absolute(golden.losses(), losses), golden.limit("loss"));
    result.add(
        "grad_norm",
        Differences.relative(golden.gradNorms(), norms),
        golden.limit("grad_norm_relative"));
    result.add("lr", Differences.absolute(golden.lrs(), rates), LEARNING_RATE);
  }

  private static double mean(List<PendingLoss> parts, GoldenPairs pairs) {
    TokenLoss loss = TokenLoss.ZERO;
    for (PendingLoss each : parts) {
      TokenLoss part = each.read();
      pairs.add(part.pairs());
      loss = loss.plus(part);
    }
    return loss.mean();
  }

  private double rate(int step) {
    return golden.lr()
        * Schedules.multiplier(
            golden.schedule(), step, golden.warmup(), golden.steps(), golden.lr());
  }

  private void compareLogits(String when, GoldenFile probe, TrainableModel model) {
    float[][][] logits = model.logits(batches.probe(probe));
    result.add(
        "logits_" + when,
        Differences.logits(probe.floats("logits_" + when), logits, batches.probeMask(probe)),
        golden.limit("logits_" + when));
  }

  private void compareSaved(ModelDirectory base, List<NamedTensor> saved) {
    boolean whole =
        golden.method() instanceof AdapterMethod.Full || golden.method() instanceof Freeze;
    String file = whole ? "final/model.safetensors" : "final/adapter_model.safetensors";
    Map<String, NamedTensor> expected = new HashMap<>();
    try (GoldenFile reference = new GoldenFile(golden.directory().resolve(file))) {
      for (NamedTensor each : reference.copies()) expected.put(each.name(), each);
    }
    if (golden.method() instanceof Freeze) compareFrozen(base, saved, expected);
    double largest = 0;
    for (NamedTensor actual : saved) {
      NamedTensor other = expected.remove(actual.name());
      if (golden.cosineExempt().contains(actual.name())) continue;
      double angle =
          other == null ? Double.NaN : Differences.angle(other.toFloats(), actual.toFloats());
      largest = Math.max(largest, angle);
    }
    result.require("names", expected.isEmpty());
    result.add("1-cosine", largest, golden.limit("one_minus_adapter_cosine"));
  }

  /** What does not train is in the reference's result as it is in the base. */
  private void compareFrozen(
      ModelDirectory base, List<NamedTensor> saved, Map<String, NamedTensor> expected) {
    Set<String> trained = saved.stream().map(NamedTensor::name).collect(Collectors.toSet());
    boolean same = true;
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (trained.contains(each.name())) continue;
      NamedTensor other = expected.remove(each.name());
      float[] stored = base.weights().require(each.name(), each.shape()).toFloats();
      same &= other != null && Arrays.equals(other.toFloats(), stored);
    }
    result.require("frozen", same);
  }

  /**
   * Checks the series of a case with pairs, beside its losses: reference, rewards, loss of the
   * text.
   */
  static final class GoldenPairs {
    private final GoldenCase golden;
    private final TrainableModel model;
    private final Map<String, List<Double>> series = new TreeMap<>();

    GoldenPairs(GoldenCase golden, TrainableModel model) {
      this.golden = golden;
      this.model = model;
    }

    /** Prepares the pairs with their reference, unless the reference changes with each step. */
    List<MicroBatch> measured(List<MicroBatch> window) {
      return model.referenceMoves() ? window : window.stream().map(this::measure).toList();
    }

    /** Prepares a micro-batch whose reference changes. */
    MicroBatch measured(MicroBatch batch) {
      return model.referenceMoves() ? measure(batch) : batch;
    }

    private MicroBatch measure(MicroBatch batch) {
      if (!(golden.preference() instanceof Preference.Dpo)) return batch;
      if (!(batch instanceof PairBatch pairs)) throw new IllegalStateException("not pairs");
      PairLogps reference = model.reference(pairs);
      add("reference_chosen_logps", reference.chosen());
      add("reference_rejected_logps", reference.rejected());
      return pairs.measuredFrom(reference);
    }

    /** Records a micro-batch. */
    void add(PairMetrics metrics) {
      Map<String, Double> named = metrics.named();
      add("chosen_rewards", named.getOrDefault("rewards/chosen", 0.0));
      add("rejected_rewards", named.getOrDefault("rewards/rejected", 0.0));
      add("nll_loss", named.getOrDefault("nll_loss", 0.0));
    }

    private void add(String name, double... values) {
      List<Double> all = series.computeIfAbsent(name, key -> new ArrayList<>());
      Arrays.stream(values).forEach(all::add);
    }

    void compare(GoldenResult.Collector result) {
      golden
          .pairSeries()
          .forEach(
              (name, expected) -> {
                double[] actual =
                    series.getOrDefault(name, List.of()).stream()
                        .flatMapToDouble(DoubleStream::of)
                        .toArray();
                // a sum over the tokens of a completion adds up the drift of its logits
                String limit = name.endsWith("_logps") ? "logits_after" : "loss";
                result.add(name, Differences.absolute(expected, actual), golden.limit(limit));
              });
    }
  }

  /** Checks the series of a case with rank allocation, beside its losses. */
  static final class GoldenRanks {
    private final GoldenCase golden;
    private final TrainableModel model;
    private final Map<String, double[]> series = new TreeMap<>();

    GoldenRanks(GoldenCase golden, TrainableModel model) {
      this.golden = golden;
      this.model = model;
      golden.rankSeries().keySet().forEach(name -> series.put(name, new double[golden.steps()]));
    }

    /** Records a step. */
    void add(int step, double taskLoss) {
      if (series.isEmpty() || !(golden.method() instanceof AdaLora method)) return;
      int modules = 0;
      int active = 0;
      for (NamedTensor each : model.trained()) {
        if (!each.name().endsWith(".lora_E")) continue;
        modules++;
        for (float factor : each.toFloats()) if (factor != 0) active++;
      }
      put("task_loss", step, taskLoss);
      put("active_ranks", step, active);
      put("rank_budget", step, method.allocation().budget(step + 1, modules));
    }

    private void put(String name, int step, double value) {
      double[] values = series.get(name);
      if (values != null) values[step] = value;
    }

    void compare(GoldenResult.Collector result) {
      golden
          .rankSeries()
          .forEach(
              (name, expected) ->
                  result.add(
                      name,
                      Differences.absolute(expected, series.getOrDefault(name, new double[0])),
                      name.equals("task_loss") ? golden.limit("loss") : 0));
    }
  }

  /** Greedy continuations of the trained model, without a cache: the most likely token, again. */
  static final class GreedyContinuation {
    private GreedyContinuation() {}

    /** Leaves the model with its factors B at zero. */
    static void compare(GoldenCase golden, TrainableModel model, GoldenResult.Collector result) {
      if (golden.generations().isEmpty()) return;
      boolean adapted = true;
      for (GoldenCase.Generation each : golden.generations()) {
        adapted &= Arrays.equals(each.withAdapter(), continued(model, each.prompt()));
      }
      model.load(model.trained().stream().map(GreedyContinuation::withoutEffect).toList());
      boolean base = true;
      for (GoldenCase.Generation each : golden.generations()) {
        base &= Arrays.equals(each.adapterDisabled(), continued(model, each.prompt()));
      }
      result.require("generation", adapted && base);
    }

    private static NamedTensor withoutEffect(NamedTensor tensor) {
      if (!tensor.name().endsWith(".lora_B.weight")) return tensor;
      return NamedTensor.of(
          tensor.name(), tensor.dtype(), new byte[tensor.toBytes().length], tensor.shape());
    }

    private static int[] continued(TrainableModel model, int[] prompt) {
      int[] ids = prompt;
      for (int i = 0; i < 16; i++) {
        float[][] rows = model.logits(new int[][] {ids})[0];
        ids = Arrays.copyOf(ids, ids.length + 1);
        ids[ids.length - 1] = largest(rows[ids.length - 2]);
      }
      return Arrays.copyOfRange(ids, prompt.length, ids.length);
    }

    private static int largest(float[] logits) {
      int best = 0;
      for (int i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
      return best;
    }
  }

  /** Adapters whose start was taken out of the base: what it lost, and the result without it. */
  static final class ChangedBase {
    private static final String BASE_LAYER = ".base_layer.weight";

    private ChangedBase() {}

    /**
     * Takes the start of the reference as what the base loses: where two singular values are close,
     * decompositions of different libraries differ by more than rounding.
     */
    static void start(TrainableModel model) {
      Map<String, NamedTensor> start = byName(model.trained());
      List<NamedTensor> state =
          model.optimizerState().stream()
              .map(
                  each -> {
                    NamedTensor factor = start.get(each.name().replace(".initial.", "."));
                    return factor == null ? each : factor.renamed(each.name());
                  })
              .toList();
      model.restore(model.trained(), state, 0);
    }

    private static Map<String, NamedTensor> byName(List<NamedTensor> tensors) {
      return tensors.stream().collect(Collectors.toMap(NamedTensor::name, each -> each));
    }

    /** The base without our own decomposition, and the result as a plain LoRA. */
    static void compare(
        GoldenCase golden,
        ModelDirectory base,
        TrainableModel model,
        GoldenFile probe,
        GoldenResult.Collector result) {
      Path residual = golden.directory().resolve("init/residual_base.safetensors");
      if (!Files.exists(residual)) return;
      Tuner tuner = Tuner.of(golden.method(), base);
      Map<String, NamedTensor> zeros = new HashMap<>();
      for (NamedTensor each : model.trained()) {
        float[] zero = new float[each.toFloats().length];
        zeros.put(each.name(), NamedTensor.of(each.name(), zero, each.shape()));
      }
      double largest = 0;
      try (GoldenFile file = new GoldenFile(residual)) {
        for (NamedTensor expected : file.copies()) {
          String name = expected.name().replace(BASE_LAYER, ".weight");
          float[] left = tuner.merged(name, weight(base, name), zeros);
          largest = Math.max(largest, distance(expected.toFloats(), left));
        }
      }
      result.add("residual", largest, golden.limit("merged"));
      SavedResult plain = model.result(golden.method());
      MergedWeight.compare(golden, plain, base, probe, result);
    }

    private static float[] weight(ModelDirectory base, String name) {
      for (ModelConfig.Parameter each : base.config().parameters()) {
        if (each.name().equals(name)) return base.weights().stored(each).toFloats();
      }
      throw new IllegalArgumentException("the base has no " + name);
    }

    private static double distance(float[] expected, float[] actual) {
      double largest = 0;
      for (int i = 0; i < expected.length; i++) {
        largest = Math.max(largest, Math.abs((double) expected[i] - actual[i]));
      }
      return largest;
    }
  }
}
