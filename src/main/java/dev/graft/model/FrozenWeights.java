package dev.graft.model;

import dev.graft.spec.Quantization;
import dev.graft.weights.BadModel;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The parameters of a base that is asked, not trained. */
final class FrozenWeights {
  private FrozenWeights() {}

  /**
   * Copies them to the device. Rounded weights are held as the numbers that they stand for, so that
   * an answer takes no longer.
   *
   * @param trained directory of a checkpoint whose weights take the place of the base's; null =
   *     none
   * @param missing names of parameters that the base does not have
   */
  static ModelTensors load(
      ModelDirectory base,
      @Nullable Path trained,
      @Nullable Quantization quantization,
      Execution execution,
      DeviceMemory memory,
      Set<String> missing) {
    ModelTensors tensors = new ModelTensors(execution.precision());
    if (trained != null) load(base, trained, tensors, memory);
    BaseWeights weights = new BaseWeights(base, trained == null ? quantization : null);
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (!weights.rounds(each)) continue;
      NamedTensor rounded = NamedTensor.of(each.name(), weights.values(each), each.shape());
      tensors.put(each.name(), memory.load(rounded));
    }
    weights.load(memory, tensors, name -> !tensors.contains(name) && !missing.contains(name));
    return tensors;
  }

  /** What a checkpoint has of the base. */
  private static void load(
      ModelDirectory base, Path trained, ModelTensors tensors, DeviceMemory memory) {
    try (SafetensorsFile file = SafetensorsFile.open(trained.resolve("trained.safetensors"))) {
      for (ModelConfig.Parameter each : base.config().parameters()) {
        MappedTensor own = file.find(each.name());
        if (own == null) continue;
        if (!Arrays.equals(own.shape(), each.shape())) {
          throw new BadModel(each.name() + " of the checkpoint has another shape");
        }
        tensors.load(memory, each, own);
      }
    }
  }
}
