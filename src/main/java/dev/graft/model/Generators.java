package dev.graft.model;

import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Set;
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
   * Loads a base model; use and close it on the calling platform thread.
   *
   * @param trained directory of a checkpoint whose {@code trained.safetensors} has parameters of
   *     the base by name: weights that an unfinished run has trained; null = none
   * @param quantization of the base, as it was for an adapter's training; null = as it is
   * @throws dev.graft.weights.BadModel if the directory is no model that can be run
   */
  public static Generator load(
      Path base, @Nullable Path trained, @Nullable Quantization quantization, Execution execution) {
    ModelDirectory directory = ModelDirectory.open(base);
    try {
      directory.check();
      return DeviceMemory.open(
          execution,
          memory -> {
            ModelTensors tensors =
                FrozenWeights.load(directory, trained, quantization, execution, memory, Set.of());
            return new CachedGenerator(directory, memory, tensors);
          });
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }
}
