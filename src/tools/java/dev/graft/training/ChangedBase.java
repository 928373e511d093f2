package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.SavedResult;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Adapters whose start was taken out of the base: what it lost, and the result without it. */
final class ChangedBase {
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
