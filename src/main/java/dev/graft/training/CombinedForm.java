package dev.graft.training;

import dev.graft.kernels.LinearAlgebra;
import dev.graft.model.TorchGenerator;
import dev.graft.model.Tuner.LowRankUpdate;
import dev.graft.spec.Combination;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Several adapters of one base as one LoRA in its plainest form. */
final class CombinedForm {
  private CombinedForm() {}

  /**
   * Combines layer by layer, in the order of the model, which is PEFT's: what DARE draws depends on
   * it.
   *
   * @param adapters of this base, the first one first
   * @throws IllegalArgumentException if one has no plain factors, or the type needs equal ranks
   * @throws dev.graft.weights.BadModel if a tensor is not what its configuration asks for
   */
  static PlainForm of(ModelDirectory base, List<SavedAdapter> adapters, Combination how) {
    Map<String, List<LayerCombination.Part>> layers = new HashMap<>();
    int largest = 1;
    for (int k = 0; k < adapters.size(); k++) {
      for (LowRankUpdate each : PlainForm.updates(base, adapters.get(k))) {
        largest = Math.max(largest, each.rank());
        layers
            .computeIfAbsent(each.linear().path(), path -> new ArrayList<>())
            .add(new LayerCombination.Part(each, how.weights().get(k)));
      }
    }
    List<LowRankUpdate> combined = new ArrayList<>();
    try (LinearAlgebra algebra = new LinearAlgebra()) {
      LayerCombination layer =
          new LayerCombination(
              how,
              new TensorMerge(how, new TorchGenerator(how.seed())),
              new UpdateDecomposition(algebra, Objects.requireNonNullElse(how.svdRank(), largest)));
      for (Linear linear : base.config().linearModules()) {
        List<LayerCombination.Part> parts = layers.get(linear.path());
        if (parts != null) combined.add(layer.of(linear, parts));
      }
    }
    return PlainForm.of(base, combined);
  }
}
