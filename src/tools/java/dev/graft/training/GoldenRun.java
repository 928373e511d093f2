package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.MicroBatch;
import dev.graft.model.PendingLoss;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.Schedules;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Freeze;
import dev.graft.spec.Lora;
import dev.graft.spec.TrainingSpec.Outputs;
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
import java.util.stream.Collectors;
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
    } catch (Unsupported e) {
      return new GoldenResult(name, List.of(), e.getMessage());
    }
  }

  private static ModelDirectory openBase(Path path) {
    try {
      return ModelDirectory.open(path);
    } catch (BadModel e) {
      throw new Unsupported(String.valueOf(e.getMessage()));
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
      throw new Unsupported(String.valueOf(e.getMessage()));
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
}
