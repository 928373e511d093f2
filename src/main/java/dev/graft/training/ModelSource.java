package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.TrainableModel;
import dev.graft.training.CheckpointManifest.Environment;
import dev.graft.weights.ModelDirectory;

/** Where the numbers come from: the kernels, or in the loop's own tests a model one can predict. */
interface ModelSource {
  /**
   * Called on the thread that trains, which closes the model.
   *
   * @param plan how steps are computed
   * @param start what the model may look at before it is made
   */
  TrainableModel open(ModelDirectory base, TrainingRun run, ComputePlan plan, DataStart start);

  Environment environment(int threads);
}
