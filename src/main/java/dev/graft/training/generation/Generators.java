package dev.graft.training.generation;

import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.training.ComputePlan;
import dev.graft.training.Execution;
import dev.graft.training.Generator;
import dev.graft.training.model.device.BaseWeights;
import dev.graft.training.model.device.DeviceMemory;
import dev.graft.training.model.device.ModelTensors;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.checkpoint.MappedTensor;
import dev.graft.weights.checkpoint.SafetensorsFile;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.files.BadModel;
import dev.graft.weights.tensor.NamedTensor;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Loads models to generate with. */
public final class Generators {
  private Generators() {}

  /** The base as it is, in f32 on the CPU. */
  public static Generator load(Path base, int threads) {
    return load(
        base, null, null, new Execution(Execution.CPU, Precision.F32, ComputePlan.KEEP, threads));
  }

  /**
   * Loads a base model; use and close it on the calling platform thread. Rounded weights are held
   * as the numbers that they stand for, so that an answer takes no longer.
   *
   * @param trained directory of a checkpoint whose {@code trained.safetensors} has parameters of
   *     the base by name: weights that an unfinished run has trained; null = none
   * @param quantization of the base, as it was for an adapter's training; null = as it is
   * @throws dev.graft.weights.files.BadModel if the directory is no model that can be run
   */
  public static Generator load(
      Path base, @Nullable Path trained, @Nullable Quantization quantization, Execution execution) {
    ModelDirectory directory = ModelDirectory.open(base);
    try {
      directory.check();
      return DeviceMemory.open(
          execution,
          memory -> {
            ModelTensors tensors = new ModelTensors(execution.precision());
            if (trained != null) load(directory, trained, tensors, memory);
            BaseWeights weights = new BaseWeights(directory, trained == null ? quantization : null);
            for (ModelConfig.Parameter each : directory.config().parameters()) {
              if (!weights.rounds(each)) continue;
              NamedTensor rounded = NamedTensor.of(each.name(), weights.values(each), each.shape());
              tensors.put(each.name(), memory.load(rounded));
            }
            weights.load(memory, tensors, name -> !tensors.contains(name));
            return new CachedGenerator(directory, memory, tensors);
          });
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
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
