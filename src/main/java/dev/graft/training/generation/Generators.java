package dev.graft.training.generation;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.spec.Quantization;
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

  /**
   * Loads a base model in f32 on the CPU; use and close it on the calling platform thread.
   *
   * @param threads inside an operation, for the whole process; 0 = one per processor
   * @throws dev.graft.weights.files.BadModel if the directory is no model that can be run
   */
  public static Generator load(Path base, int threads) {
    return load(base, null, null, threads);
  }

  /**
   * The same with weights that an unfinished run has trained, or rounded as they were for an
   * adapter's training. Rounded weights are held as the numbers that they stand for, so that an
   * answer takes no longer.
   *
   * @param trained directory of a checkpoint whose {@code trained.safetensors} has parameters of
   *     the base by name; null = none
   * @param quantization of the base; null = as it is
   */
  public static Generator load(
      Path base, @Nullable Path trained, @Nullable Quantization quantization, int threads) {
    ModelDirectory directory = ModelDirectory.open(base);
    try {
      directory.check();
      DeviceMemory memory = DeviceMemory.open(Device.cpu());
      try {
        if (threads > 0 && JniUtils.getNumThreads() != threads) JniUtils.setNumThreads(threads);
        ModelTensors tensors = new ModelTensors();
        if (trained == null) load(directory, quantization, tensors, memory);
        else load(directory, trained, tensors, memory);
        return new CachedGenerator(directory, memory, tensors);
      } catch (RuntimeException e) {
        memory.close();
        throw e;
      }
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  private static void load(
      ModelDirectory base,
      @Nullable Quantization quantization,
      ModelTensors tensors,
      DeviceMemory memory) {
    BaseWeights weights = new BaseWeights(base, quantization);
    for (ModelConfig.Parameter each : base.config().parameters()) {
      if (weights.rounds(each)) {
        NamedTensor rounded = NamedTensor.of(each.name(), weights.values(each), each.shape());
        tensors.put(each.name(), memory.load(rounded));
      } else {
        tensors.load(memory, each, weights.stored(each));
      }
    }
  }

  private static void load(
      ModelDirectory base, Path trained, ModelTensors tensors, DeviceMemory memory) {
    try (SafetensorsFile file = SafetensorsFile.open(trained.resolve("trained.safetensors"))) {
      for (ModelConfig.Parameter each : base.config().parameters()) {
        MappedTensor own = file.find(each.name());
        if (own != null && !Arrays.equals(own.shape(), each.shape())) {
          throw new BadModel(each.name() + " of the checkpoint has another shape");
        }
        tensors.load(memory, each, own != null ? own : base.weights().stored(each));
      }
    }
  }
}
