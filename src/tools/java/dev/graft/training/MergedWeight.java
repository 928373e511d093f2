package dev.graft.training;

import dev.graft.model.BaseWeights;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.SavedResult;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The weights and biases that are left when a trained adapter is merged into its base. */
final class MergedWeight {
  private static final String PREFIX = "merged/";

  private MergedWeight() {}

  static void compare(
      GoldenCase golden,
      ModelDirectory base,
      List<NamedTensor> trained,
      GoldenFile probe,
      GoldenResult.Collector result) {
    Tuner tuner = Tuner.of(golden.method(), base);
    compare("merged", golden, base, tuner, trained, probe, result);
  }

  /** The same of the form that a result has. */
  static void compare(
      GoldenCase golden,
      SavedResult saved,
      ModelDirectory base,
      GoldenFile probe,
      GoldenResult.Collector result) {
    Tuner tuner = Tuner.of(saved.method(), base);
    compare("converted", golden, base, tuner, tuner.read(saved.tensors()), probe, result);
  }

  private static void compare(
      String what,
      GoldenCase golden,
      ModelDirectory base,
      Tuner tuner,
      List<NamedTensor> trained,
      GoldenFile probe,
      GoldenResult.Collector result) {
    List<String> names = probe.names().stream().filter(name -> name.startsWith(PREFIX)).toList();
    if (names.isEmpty()) return;
    BaseWeights weights = new BaseWeights(base, golden.quantization(), tuner);
    Map<String, ModelConfig.Parameter> parameters =
        base.config().parameters().stream()
            .collect(Collectors.toMap(ModelConfig.Parameter::name, each -> each));
    Map<String, NamedTensor> byName = new HashMap<>();
    for (NamedTensor each : tuner.frozen(0)) {
      if (!parameters.containsKey(each.name())) byName.put(each.name(), each);
    }
    for (NamedTensor each : trained) byName.put(each.name(), each);
    double largest = 0;
    for (String name : names) {
      String tensor = name.substring(PREFIX.length());
      if (isNoise(byName.get(tensor), tuner, golden)) continue;
      float[] stored = weights.values(Objects.requireNonNull(parameters.get(tensor), tensor));
      float[] merged = tuner.merged(tensor, stored, byName);
      float[] expected = probe.floats(name);
      for (int i = 0; i < merged.length; i++) {
        largest = Math.max(largest, Math.abs((double) merged[i] - expected[i]));
      }
    }
    result.add(what, largest, golden.limit("merged"));
  }

  /** A copy of the base's tensor that trains, and that rounding alone turns. */
  private static boolean isNoise(@Nullable NamedTensor copy, Tuner tuner, GoldenCase golden) {
    return copy != null
        && golden.cosineExempt().contains(tuner.saved(List.of(copy)).getFirst().name());
  }
}
