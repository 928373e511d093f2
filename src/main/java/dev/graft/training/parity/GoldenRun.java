package dev.graft.training.parity;

import dev.graft.spec.AdapterMethod;
import dev.graft.training.MicroBatch;
import dev.graft.training.Schedules;
import dev.graft.training.TokenLoss;
import dev.graft.training.TrainableModel;
import dev.graft.training.model.Plan;
import dev.graft.training.model.TrainableModels;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Trains a golden case as the reference did, and compares every step. The format is that of the
 * fixtures' own README: the loss of a window is its sum over the number of its targets.
 */
public final class GoldenRun {
  private static final double LEARNING_RATE = 1e-9;
  private static final String PEFT_PREFIX = "base_model.model.";

  private final GoldenCase golden;
  private final GoldenResult.Collector result = new GoldenResult.Collector();

  private GoldenRun(GoldenCase golden) {
    this.golden = golden;
  }

  /**
   * @param directory holds {@code case.json}
   * @return skipped if the case needs what is not built
   */
  public static GoldenResult run(Path directory, Plan plan) {
    String name = directory.getFileName().toString();
    if (QuantisedTensors.isIn(directory)) return QuantisedTensors.compare(directory);
    try {
      GoldenCase golden = GoldenCaseReader.read(directory);
      try (ModelDirectory base = openBase(golden.model())) {
        GoldenRun run = new GoldenRun(golden);
        run.run(base, plan);
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

  private void run(ModelDirectory base, Plan plan) {
    try (TrainableModel model = load(base, plan);
        GoldenFile probe = new GoldenFile(golden.directory().resolve("probe.safetensors"))) {
      compareLogits("before", probe, model);
      result.require("trainable", model.trainableParameters() == golden.trainable());
      train(model);
      compareLogits("after", probe, model);
      compareTrained(model.trained());
      if (golden.method() instanceof AdapterMethod.Lora lora) {
        MergedWeight.compare(golden, lora, base, model.trained(), probe, result);
      }
      GreedyContinuation.compare(golden, model, result);
    }
  }

  private TrainableModel load(ModelDirectory base, Plan plan) {
    TrainableModel model;
    try {
      model = TrainableModels.load(base, golden.method(), golden.optimiser(), plan, 0);
    } catch (IllegalArgumentException e) {
      throw new Unsupported(String.valueOf(e.getMessage()));
    }
    if (golden.method() instanceof AdapterMethod.Lora) {
      Path start = golden.directory().resolve("init/adapter_model.safetensors");
      try (GoldenFile file = new GoldenFile(start)) {
        model.load(file.copies(PEFT_PREFIX));
      }
    }
    return model;
  }

  private void train(TrainableModel model) {
    double[] losses = new double[golden.steps()];
    double[] norms = new double[golden.steps()];
    double[] rates = new double[golden.steps()];
    try (GoldenFile batches = new GoldenFile(golden.directory().resolve("batches.safetensors"))) {
      for (int step = 0; step < golden.steps(); step++) {
        List<MicroBatch> window = window(batches, step);
        long targets = window.stream().mapToLong(MicroBatch::targets).sum();
        TokenLoss loss = TokenLoss.ZERO;
        for (MicroBatch batch : window) loss = loss.plus(model.accumulate(batch, targets, 0));
        rates[step] =
            golden.lr()
                * Schedules.multiplier(
                    golden.schedule(), step, golden.warmup(), golden.steps(), golden.lr());
        losses[step] = loss.mean();
        norms[step] = model.update(rates[step]);
      }
    }
    result.add("loss", Differences.absolute(golden.losses(), losses), golden.limit("loss"));
    result.add(
        "grad_norm",
        Differences.relative(golden.gradNorms(), norms),
        golden.limit("grad_norm_relative"));
    result.add("lr", Differences.absolute(golden.lrs(), rates), LEARNING_RATE);
  }

  /** Rows without their padding: the model must put it back. */
  private List<MicroBatch> window(GoldenFile batches, int step) {
    List<MicroBatch> window = new ArrayList<>();
    for (int i = 0; i < golden.accumulation(); i++) {
      int index = step * golden.accumulation() + i;
      int[][] mask = batches.matrix("attention_mask", index);
      window.add(
          new MicroBatch(
              Padding.cut(batches.matrix("input_ids", index), mask),
              Padding.cut(batches.matrix("labels", index), mask)));
    }
    return window;
  }

  private void compareLogits(String when, GoldenFile probe, TrainableModel model) {
    int[][] mask = probe.matrix("attention_mask", 0);
    float[][][] logits = model.logits(Padding.cut(probe.matrix("input_ids", 0), mask));
    result.add(
        "logits_" + when,
        Differences.logits(probe.floats("logits_" + when), logits, mask),
        golden.limit("logits_" + when));
  }

  private void compareTrained(List<NamedTensor> trained) {
    boolean full = golden.method() instanceof AdapterMethod.Full;
    String file = full ? "final/model.safetensors" : "final/adapter_model.safetensors";
    Map<String, NamedTensor> expected = new HashMap<>();
    try (GoldenFile saved = new GoldenFile(golden.directory().resolve(file))) {
      for (NamedTensor each : saved.copies(PEFT_PREFIX)) expected.put(each.name(), each);
    }
    double largest = 0;
    for (NamedTensor actual : trained) {
      NamedTensor other = expected.remove(actual.name());
      if (golden.cosineExempt().contains((full ? "" : PEFT_PREFIX) + actual.name())) continue;
      double angle = other == null ? Double.NaN : Differences.angle(other.data(), actual.data());
      largest = Math.max(largest, angle);
    }
    result.require("names", expected.isEmpty());
    result.add("1-cosine", largest, golden.limit("one_minus_adapter_cosine"));
  }
}
