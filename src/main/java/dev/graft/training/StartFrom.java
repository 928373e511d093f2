package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.ContinuedMethod;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.weights.BadModel;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The result of an earlier run that this one continues from: a PEFT directory of any origin, or a
 * checkpoint with the base's trained weights. It is read as hostile input.
 */
record StartFrom(Path directory) {
  private static final String ADAPTER = "adapter_model.safetensors";

  public static @Nullable StartFrom of(TrainingRun run) {
    Path directory = run.startFrom();
    return directory == null ? null : new StartFrom(directory);
  }

  /**
   * Returns the {@code adapter} object of a request with the method of the adapter in a directory.
   *
   * @throws SpecRejected if the request contradicts the method
   * @throws BadRun if there is no adapter whose training can continue
   */
  public static ObjectNode inherit(Path directory, @Nullable JsonNode adapter) {
    try (SavedAdapter saved = SavedAdapter.read(directory)) {
      return new ContinuedMethod(trainable(saved), null).into(adapter);
    } catch (BadModel e) {
      throw unusable(e);
    }
  }

  /**
   * Sets the trained tensors from the directory; the optimiser is new.
   *
   * @throws BadRun if it is damaged, or of another method or shape
   */
  public void load(TrainableModel model, AdapterMethod method) {
    try {
      if (ResultFormat.isAdapter(method)) loadAdapter(model, method);
      else loadWeights(model);
    } catch (BadModel | IllegalArgumentException e) {
      throw unusable(e);
    }
  }

  private void loadAdapter(TrainableModel model, AdapterMethod method) {
    try (SavedAdapter saved = SavedAdapter.read(directory)) {
      ObjectNode asked = TrainingSpec.methodJson(method);
      try {
        new ContinuedMethod(trainable(saved), null).into(asked);
      } catch (SpecRejected e) {
        SpecRejected.Problem first = e.problems().getFirst();
        throw new BadRun(first.path(), first.path() + " " + first.message());
      }
      model.loadSaved(saved.tensors());
    }
  }

  private void loadWeights(TrainableModel model) {
    try (SafetensorsFile file = SafetensorsFile.open(directory.resolve(Checkpoints.WEIGHTS))) {
      model.load(file.tensors().stream().map(MappedTensor::named).toList());
    }
  }

  private static AdapterMethod trainable(SavedAdapter saved) {
    String obstacle = ContinuedMethod.obstacle(saved.method());
    if (obstacle != null) throw new BadRun("adapter", obstacle);
    return saved.method();
  }

  /** Returns the head of a classification with the names of its classes; null if there is none. */
  public Task.@Nullable SequenceClassification head() {
    if (!Files.exists(directory.resolve("config.json"))) return null;
    try (ModelDirectory model = ModelDirectory.open(directory)) {
      return model.config().task() instanceof Task.SequenceClassification head ? head : null;
    } catch (BadModel e) {
      throw unusable(e);
    }
  }

  /** Returns the digest of its weights. */
  String sha256() {
    Path adapter = directory.resolve(ADAPTER);
    Path weights = Files.exists(adapter) ? adapter : directory.resolve(Checkpoints.WEIGHTS);
    if (!Files.exists(weights)) {
      throw new BadRun("adapter", directory.getFileName() + " does not contain " + ADAPTER);
    }
    try {
      return Digests.of(weights);
    } catch (IOException e) {
      throw new UncheckedIOException("the adapter cannot be read", e);
    }
  }

  private static BadRun unusable(RuntimeException e) {
    return new BadRun("adapter", "training cannot continue from this adapter: " + e.getMessage());
  }
}
