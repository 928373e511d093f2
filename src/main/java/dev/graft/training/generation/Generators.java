package dev.graft.training.generation;

import ai.djl.Device;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.training.Generator;
import dev.graft.training.model.DeviceMemory;
import dev.graft.training.model.ModelTensors;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;

/** Loads models to generate with. */
public final class Generators {
  private Generators() {}

  /**
   * Loads a base model in f32 on the CPU; use and close it on the calling platform thread.
   *
   * @param threads inside an operation, for the whole process; 0 = one per processor
   * @throws dev.graft.weights.BadModel if the directory is no model that can be run
   */
  public static Generator load(Path base, int threads) {
    ModelDirectory directory = ModelDirectory.open(base);
    try {
      directory.check();
      DeviceMemory memory = DeviceMemory.open(Device.cpu());
      try {
        if (threads > 0 && JniUtils.getNumThreads() != threads) JniUtils.setNumThreads(threads);
        ModelTensors tensors = new ModelTensors();
        for (ModelConfig.Parameter each : directory.config().parameters()) {
          tensors.load(memory, each, directory.weights().stored(each));
        }
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
}
