package dev.graft.training;

import dev.graft.model.BaseWeights;
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
import dev.graft.training.GoldenCase.GoldenBatches;
import dev.graft.training.GoldenCase.GoldenFile;
import dev.graft.training.GoldenResult.Differences;
import dev.graft.weights.BadModel;
import dev.graft.weights.BitsAndBytesFormat;
import dev.graft.weights.FourBitTensor;
import dev.graft.weights.FourBitTensor.FourBitType;
import dev.graft.weights.Int8Tensor;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
  private static final String MERGED = "merged/";

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
    return run(directory, Execution.CPU, plan, null);
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
      GoldenCase golden = GoldenCase.read(directory);
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
      compareMerged("merged", base, Tuner.of(golden.method(), base), model.trained(), probe);
      compareResidual(base, model, probe);
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
      takeStart(model);
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
    Map<String, NamedTensor> expected;
    try (GoldenFile reference = new GoldenFile(golden.directory().resolve(file))) {
      expected = NamedTensor.byName(reference.copies());
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

  /** Compares the weights and biases that are left when an adapter is merged into its base. */
  private void compareMerged(
      String what, ModelDirectory base, Tuner tuner, List<NamedTensor> trained, GoldenFile probe) {
    List<String> names = probe.names().stream().filter(name -> name.startsWith(MERGED)).toList();
    if (names.isEmpty()) return;
    BaseWeights weights = new BaseWeights(base, golden.quantization(), tuner);
    Map<String, ModelConfig.Parameter> parameters = parameters(base);
    Map<String, NamedTensor> byName = new HashMap<>();
    for (NamedTensor each : tuner.frozen(0)) {
      if (!parameters.containsKey(each.name())) byName.put(each.name(), each);
    }
    for (NamedTensor each : trained) byName.put(each.name(), each);
    double largest = 0;
    for (String name : names) {
      String tensor = name.substring(MERGED.length());
      if (isNoise(byName.get(tensor), tuner)) continue;
      float[] stored = weights.values(Objects.requireNonNull(parameters.get(tensor), tensor));
      float[] merged = tuner.merged(tensor, stored, byName);
      largest = Math.max(largest, Differences.absolute(probe.floats(name), merged));
    }
    result.add(what, largest, golden.limit("merged"));
  }

  private static Map<String, ModelConfig.Parameter> parameters(ModelDirectory base) {
    return base.config().parameters().stream()
        .collect(Collectors.toMap(ModelConfig.Parameter::name, each -> each));
  }

  /** A copy of the base's tensor that trains, and that rounding alone turns. */
  private boolean isNoise(@Nullable NamedTensor copy, Tuner tuner) {
    return copy != null
        && golden.cosineExempt().contains(tuner.saved(List.of(copy)).getFirst().name());
  }

  /**
   * Takes the start of the reference as what the base loses: where two singular values are close,
   * decompositions of different libraries differ by more than rounding.
   */
  private static void takeStart(TrainableModel model) {
    Map<String, NamedTensor> start = NamedTensor.byName(model.trained());
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

  /**
   * Compares what a base lost whose adapter's start was taken out of it: the base without our own
   * decomposition, and the result as a plain LoRA.
   */
  private void compareResidual(ModelDirectory base, TrainableModel model, GoldenFile probe) {
    Path residual = golden.directory().resolve("init/residual_base.safetensors");
    if (!Files.exists(residual)) return;
    Tuner tuner = Tuner.of(golden.method(), base);
    Map<String, NamedTensor> zeros = new HashMap<>();
    for (NamedTensor each : model.trained()) {
      float[] zero = new float[each.toFloats().length];
      zeros.put(each.name(), NamedTensor.of(each.name(), zero, each.shape()));
    }
    Map<String, ModelConfig.Parameter> parameters = parameters(base);
    double largest = 0;
    try (GoldenFile file = new GoldenFile(residual)) {
      for (NamedTensor expected : file.copies()) {
        String name = expected.name().replace(".base_layer.weight", ".weight");
        ModelConfig.Parameter parameter = Objects.requireNonNull(parameters.get(name), name);
        float[] left = tuner.merged(name, base.weights().stored(parameter).toFloats(), zeros);
        largest = Math.max(largest, Differences.absolute(expected.toFloats(), left));
      }
    }
    result.add("residual", largest, golden.limit("merged"));
    SavedResult plain = model.result(golden.method());
    Tuner saved = Tuner.of(plain.method(), base);
    compareMerged("converted", base, saved, saved.read(plain.tensors()), probe);
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

  /**
   * Single tensors that bitsandbytes has quantised, {@code <name>.source} each, quantised here
   * again: every byte of every stored tensor, and every number computed back from them, must be
   * equal.
   */
  static final class QuantisedTensors {
    private static final String FILE = "tensors.safetensors";

    private final SafetensorsFile file;
    private final Set<String> unseen;

    private QuantisedTensors(SafetensorsFile file) {
      this.file = file;
      this.unseen = new HashSet<>(file.names());
    }

    static boolean isIn(Path directory) {
      return Files.isRegularFile(directory.resolve(FILE));
    }

    static GoldenResult compare(Path directory) {
      try (SafetensorsFile file = SafetensorsFile.open(directory.resolve(FILE))) {
        return new QuantisedTensors(file).compare(directory.getFileName().toString());
      }
    }

    /** The base of a run, quantised here, against the layers that bitsandbytes has quantised. */
    static void compareBase(GoldenCase golden, ModelDirectory base, GoldenResult.Collector result) {
      if (golden.quantization() == null) return;
      BaseWeights weights = new BaseWeights(base, golden.quantization());
      Path path = golden.directory().resolve("quantized.safetensors");
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        QuantisedTensors expected = new QuantisedTensors(file);
        List<String> wrong = new ArrayList<>();
        for (ModelConfig.Parameter each : base.config().parameters()) {
          if (!(weights.stored(each) instanceof FourBitTensor weight)) continue;
          expected.compare(BitsAndBytesFormat.tensors(each.name(), weight), wrong);
          String module = each.name().substring(0, each.name().lastIndexOf('.'));
          float[] numbers = expected.find(module + ".dequantized").toFloats();
          if (!Arrays.equals(numbers, weight.toFloats())) wrong.add(module + ".dequantized");
        }
        wrong.addAll(expected.unseen);
        result.require(wrong.isEmpty() ? "quantized" : "quantized" + wrong, wrong.isEmpty());
      }
    }

    private GoldenResult compare(String name) {
      GoldenResult.Collector result = new GoldenResult.Collector();
      for (String source : file.names()) {
        if (!source.endsWith(".source")) continue;
        unseen.remove(source);
        String tensor = source.substring(0, source.length() - ".source".length());
        List<String> wrong = new ArrayList<>();
        compare(tensor, wrong);
        result.require(wrong.isEmpty() ? tensor : tensor + wrong, wrong.isEmpty());
      }
      result.require(unseen.isEmpty() ? "names" : "names" + unseen, unseen.isEmpty());
      return new GoldenResult(name, result.measures(), null);
    }

    private void compare(String tensor, List<String> wrong) {
      MappedTensor source = find(tensor + ".source");
      for (FourBitType type : FourBitType.values()) {
        for (boolean nested : new boolean[] {false, true}) {
          String key = tensor + "." + type.quantType() + (nested ? "-double" : "");
          if (file.find(key + ".weight") == null) continue;
          FourBitTensor weight = FourBitTensor.quantise(source, type, nested);
          compare(BitsAndBytesFormat.tensors(key + ".weight", weight), wrong);
          float[] expected = find(key + ".dequantized").toFloats();
          if (!Arrays.equals(expected, weight.toFloats())) wrong.add(key + ".dequantized");
        }
      }
      Int8Tensor rows = Int8Tensor.quantise(source);
      compare(BitsAndBytesFormat.tensors(tensor + ".int8.weight", rows), wrong);
    }

    private void compare(List<NamedTensor> ours, List<String> wrong) {
      for (NamedTensor each : ours) {
        MappedTensor theirs = find(each.name());
        boolean equal =
            theirs.dtype() == each.dtype()
                && Arrays.equals(theirs.shape(), each.shape())
                && Arrays.equals(theirs.named().toBytes(), each.toBytes());
        if (!equal) wrong.add(each.name());
      }
    }

    private MappedTensor find(String name) {
      MappedTensor found = file.find(name);
      if (found == null) throw new IllegalArgumentException(FILE + " lacks " + name);
      unseen.remove(name);
      return found;
    }
  }
}
