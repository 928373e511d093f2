package dev.graft.model;

import dev.graft.spec.Quantization;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Loads models to classify with. */
public final class Classifiers {
  private Classifiers() {}

  /**
   * Loads a base model; use and close it on the calling platform thread. Its own head is loaded
   * where the checkpoint has one.
   *
   * @param trained directory of a checkpoint whose {@code trained.safetensors} has parameters of
   *     the base and of the head that its config.json describes; null = none
   * @param quantization of the base, as it was for an adapter's training; null = as it is
   * @throws BadModel if the directory is no model that can be run
   */
  public static Classifier load(
      Path base, @Nullable Path trained, @Nullable Quantization quantization, Execution execution) {
    ModelDirectory directory = trained == null ? ModelDirectory.open(base) : under(base, trained);
    try {
      directory.check();
      return DeviceMemory.open(
          execution,
          memory -> {
            ModelTensors tensors =
                FrozenWeights.load(
                    directory, trained, quantization, execution, memory, untrained(directory));
            return new FrozenClassifier(directory, memory, tensors, execution.plan());
          });
    } catch (RuntimeException e) {
      directory.close();
      throw e;
    }
  }

  /** The base with the head of a checkpoint of training its own weights. */
  private static ModelDirectory under(Path base, Path trained) {
    try (ModelDirectory own = ModelDirectory.open(trained);
        ModelDirectory plain = ModelDirectory.open(base)) {
      Task head = own.config().task();
      if (head instanceof Task.SequenceClassification) return plain.withTask(head);
      throw new BadModel("the checkpoint has no head for labels");
    }
  }

  /** Names of the head's parameters that the checkpoint does not have. */
  private static Set<String> untrained(ModelDirectory directory) {
    return NewHead.of(directory).stream()
        .map(ModelConfig.Parameter::name)
        .collect(Collectors.toSet());
  }
}
