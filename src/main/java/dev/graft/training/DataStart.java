package dev.graft.training;

import dev.graft.model.EvaStart;
import dev.graft.model.EvaStart.LearnedRanks;
import dev.graft.model.MicroBatch;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainableModels;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.Lora;
import dev.graft.spec.LoraInit;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.List;

/**
 * The model of a run whose method may start from the data that it will train on. Ranks that data
 * has decided are the shapes of what trains: a checkpoint needs no other memory of them, and the
 * data is looked at once.
 *
 * @param data the rows that train, in the order of the run's first epoch
 */
record DataStart(TrainingRun run, Rows data, RunControl control) {
  /** Whether the run's data decides how it starts; then a run that stops keeps what was found. */
  static boolean looks(TrainingRun run) {
    return run.startFrom() == null
        && run.spec().method() instanceof Lora lora
        && lora.initLoraWeights() instanceof LoraInit.Eva;
  }

  /**
   * @throws IllegalArgumentException if method, data and base do not go together
   * @throws BadRun if a checkpoint is damaged
   */
  TrainableModel open(ModelDirectory base, TrainingSetup recipe) {
    if (!looks(run) || !(recipe.method() instanceof Lora asked)) {
      return TrainableModels.load(base, recipe);
    }
    Path checkpoint = run.directories().resumeFrom();
    if (checkpoint != null) {
      return TrainableModels.load(base, recipe.with(resumed(asked, base, checkpoint)));
    }
    BatchPlan plan = new BatchPlan(run.spec().training(), run.spec().seed(), data.lengths());
    int steps = plan.stepsPerEpoch();
    if (steps == 0) return TrainableModels.load(base, recipe); // there is nothing to train on
    EvaStart start = EvaStart.find(base, recipe, steps, step -> batches(plan, step), control::poll);
    TrainableModel model = TrainableModels.load(base, recipe.with(start.method()));
    start.into(model);
    return model;
  }

  private static Lora resumed(Lora asked, ModelDirectory base, Path checkpoint) {
    try (SafetensorsFile trained = SafetensorsFile.open(checkpoint.resolve(Checkpoints.WEIGHTS))) {
      return LearnedRanks.of(asked, base.config(), trained).method(asked, base.config());
    } catch (BadModel e) {
      throw new BadRun("resume_from", "the checkpoint does not fit: " + e.getMessage());
    }
  }

  private List<MicroBatch> batches(BatchPlan plan, int step) {
    return plan.window(step).stream().map(rows -> data.batch(rows, 1)).toList();
  }
}
