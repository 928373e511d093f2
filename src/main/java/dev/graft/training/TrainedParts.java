package dev.graft.training;

import dev.graft.model.Slot;
import dev.graft.model.Tuner;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.weights.BadModel;
import dev.graft.weights.Leaf;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The parts of a model that would train.
 *
 * @param modules paths of the base's modules that train or have additions, in the order of the
 *     forward pass
 * @param parameters scalars that train
 * @param memory estimate for their training
 */
public record TrainedParts(List<String> modules, long parameters, MemoryNeed memory) {
  public TrainedParts {
    modules = List.copyOf(modules);
  }

  /**
   * @param base a model directory
   * @param data as far as it is known
   * @throws IllegalArgumentException if the settings do not fit it; the message says where
   */
  public static TrainedParts of(Path base, TrainingSpec spec, RowSizes data) {
    try (ModelDirectory files = ModelDirectory.open(base);
        ModelDirectory model = files.withTask(task(spec.objective()))) {
      Tuner tuner = Tuner.of(spec.method(), model);
      List<Slot> slots = tuner.slots();
      ResultFormat.Obstacle obstacle = ResultFormat.obstacle(spec.outputs(), spec.method(), model);
      if (obstacle != null) {
        throw new IllegalArgumentException(obstacle.field() + ": " + obstacle.reason());
      }
      return new TrainedParts(
          modules(model, slots),
          slots.stream().mapToLong(Slot::size).sum(),
          MemoryNeed.of(model, tuner, spec, data));
    } catch (BadModel unreadable) {
      throw new IllegalArgumentException(unreadable.getMessage(), unreadable);
    }
  }

  /**
   * Returns the task of a model's head in training, independent of the base's own head. Classes are
   * unknown before the data is read, so a classification is assumed to have two.
   */
  public static Task task(Objective objective) {
    return switch (objective) {
      case SFT, PRETRAINING, DPO, ORPO -> new Task.CausalLm();
      case CLASSIFICATION ->
          Task.SequenceClassification.unnamed(2, Task.Problem.SINGLE_LABEL_CLASSIFICATION);
      case REGRESSION -> Task.SequenceClassification.unnamed(1, Task.Problem.REGRESSION);
    };
  }

  private static List<String> modules(ModelDirectory model, List<Slot> slots) {
    List<String> paths = new ArrayList<>();
    for (Leaf leaf : model.config().leaves()) paths.add(leaf.path());
    if (!paths.contains(model.config().outputModule())) paths.add(model.config().outputModule());
    Set<String> trained = new LinkedHashSet<>();
    for (Slot slot : slots) {
      for (int dot = slot.name().lastIndexOf('.');
          dot > 0;
          dot = slot.name().lastIndexOf('.', dot - 1)) {
        trained.add(slot.name().substring(0, dot));
      }
    }
    return paths.stream().filter(trained::contains).toList();
  }
}
