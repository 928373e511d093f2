package dev.graft.training.finetune;

import dev.graft.training.ActivationBudget;
import dev.graft.training.TrainableModel;
import dev.graft.training.finetune.checkpoint.CheckpointManifest.Environment;
import dev.graft.training.finetune.run.TrainingRun;
import dev.graft.weights.ModelDirectory;
import org.jspecify.annotations.Nullable;

/** Where the numbers come from: the kernels, or in the loop's own tests a model one can predict. */
interface ModelSource {
  /**
   * Called on the thread that trains, which closes the model.
   *
   * @param budget what activations may take; null = what the settings say
   * @param start what the model may look at before it is made
   */
  TrainableModel open(
      ModelDirectory base, TrainingRun run, @Nullable ActivationBudget budget, DataStart start);

  Environment environment(int threads);
}
