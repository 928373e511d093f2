package dev.graft.training;

import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.TrainableModel;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Preference;
import dev.graft.training.CheckpointManifest.Environment;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** From the first step to the result. */
final class TrainingLoop {
  private final TrainingRun run;
  private final Hyperparameters training;
  private final ModelDirectory base;
  private final RunData files;
  private final TrainableModel model;
  private final Consumer<TrainingEvent> events;
  private final RunControl control;
  private final CheckpointSchedule schedule;
  private final BatchPlan plan;
  private final long total;
  private TrainingData data;
  private @Nullable HeldOutEvaluation validation;
  private RunProgress progress = RunProgress.START;

  /** Where the newest checkpoint is; null where there is more to keep than progress. */
  private @Nullable RunProgress kept;

  /**
   * @param base with the head that the model has
   * @param nanoTime a clock as {@link System#nanoTime} is
   * @throws BadRun if there is nothing to do, or something to do it with is missing
   */
  TrainingLoop(
      TrainingRun run,
      ModelDirectory base,
      RunData files,
      TrainableModel model,
      Consumer<TrainingEvent> events,
      RunControl control,
      LongSupplier nanoTime) {
    this.run = run;
    this.base = base;
    this.files = files;
    this.model = model;
    this.events = events;
    this.control = control;
    training = run.spec().training();
    data = files.training();
    plan = new BatchPlan(training, run.spec().seed(), data.rows().lengths());
    schedule = new CheckpointSchedule(training, plan, nanoTime);
    total = plan.totalSteps();
    if (total == 0) {
      throw new BadRun("training_file", "fewer rows than one batch, and dataloader_drop_last");
    }
    if (files.validation() == null && training.evaluation().needsValidation()) {
      throw new BadRun(
          "validation_file",
          "early stopping and the best model need a validation file, or held_out");
    }
  }

  /**
   * @param environment what the last bits of the numbers depend on
   * @param maxLength tokens of a row
   */
  TrainerExit run(Environment environment, int maxLength) {
    Checkpoints checkpoints =
        new Checkpoints(
            run.directories().checkpoints(), RunIdentity.of(run, data.sha256()), environment);
    Path resumeFrom = run.directories().resumeFrom();
    if (resumeFrom == null) checkpoints.begin();
    else progress = checkpoints.restore(resumeFrom, model);
    kept = resumeFrom == null && DataStart.looks(run) ? null : progress;
    started(maxLength);
    try {
      train(checkpoints);
    } catch (RunControl.Stopped asked) {
      if (!progress.equals(kept)) checkpoint(checkpoints);
      return TrainerExit.STOPPED_AFTER_CHECKPOINT;
    }
    if (validation != null) validation.takeBest(progress.best(), progress.step());
    completed();
    return TrainerExit.DONE;
  }

  /**
   * @throws RunControl.Stopped between steps, or in an evaluation, which is then still due
   */
  private void train(Checkpoints checkpoints) {
    measure(checkpoints);
    if (progress.step() == 0 || progress.evaluationDue()) evaluate();
    int multipleOf = training.batching().padToMultipleOf();
    try (StepBatches windows = new StepBatches(plan, data.rows(), multipleOf)) {
      var steps = new OptimiserStep(run, total, data.rows(), windows, model, control);
      while (progress.step() < total && !stopsEarly()) {
        control.pollRepeatable();
        if (control.takeCheckpoint()) checkpoint(checkpoints);
        step(steps);
        if (progress.evaluationDue()) evaluate();
        if (progress.step() < total && schedule.due(progress.step())) checkpoint(checkpoints);
      }
    }
    if (stopsEarly()) return;
    evaluate();
    boolean made = kept != null && kept.step() == progress.step();
    if (!made && schedule.dueAtEnd(progress.step())) checkpoint(checkpoints);
  }

  private void completed() {
    ResultDirectory.write(
        run, base, model, progress, validation == null ? null : validation.latest());
    events.accept(
        new TrainingEvent.Completed(
            run.directories().output().toString(),
            progress.step(),
            progress.trainedTokens(),
            progress.meanLoss(),
            validation == null ? null : validation.loss()));
  }

  /** Pairs get what the reference gives for them, once, unless it changes with what trains. */
  private void measure(Checkpoints checkpoints) {
    TrainingData held = files.validation();
    if (run.spec().preference() instanceof Preference.Dpo && !model.referenceMoves()) {
      ReferenceLogps references =
          new ReferenceLogps(checkpoints.reference(), model, training, control);
      data = references.measured(data);
      if (held != null) held = references.measured(held);
      if (references.keep()) kept = null;
    }
    if (held != null) {
      validation =
          new HeldOutEvaluation(held, base, model, training, control, checkpoints.bestWeights());
    }
  }

  private boolean stopsEarly() {
    return validation != null && validation.stopsEarly(progress.best());
  }

  private static boolean due(long step, int every) {
    return every > 0 && step % every == 0;
  }

  private void started(int maxLength) {
    events.accept(
        new TrainingEvent.Started(
            progress.step(),
            total,
            plan.epochs(total),
            data.rows().size(),
            data.dropped(),
            data.truncated(),
            data.tokens(),
            data.targets(),
            maxLength,
            model.trainableParameters(),
            files.validation() == null ? null : files.validation().rows().size()));
    planned();
  }

  /** Says how the largest micro-batch that there can be is computed. */
  private void planned() {
    if (run.planned() == null) return;
    Rows rows = data.rows();
    PriorityQueue<Integer> longest = new PriorityQueue<>(Comparator.comparingLong(rows::tokens));
    for (int row = 0; row < rows.size(); row++) {
      longest.add(row);
      if (longest.size() > training.batching().perDeviceTrainBatchSize()) longest.remove();
    }
    int[] largest = longest.stream().mapToInt(row -> row).toArray();
    var how = model.division(rows.batch(largest, training.batching().padToMultipleOf()));
    if (how == null) return;
    events.accept(
        new TrainingEvent.Planned(
            run.machine().least() ? null : run.machine().memory(),
            largest.length,
            how.rows(),
            how.layers(),
            how.recomputed()));
  }

  private void step(OptimiserStep steps) {
    long began = System.nanoTime();
    long step = progress.step();
    OptimiserStep.Outcome outcome = steps.make(progress);
    boolean evaluationDue =
        validation != null && step + 1 < total && due(step + 1, training.evaluation().evalSteps());
    switch (outcome) {
      case OptimiserStep.Updated made -> {
        progress = progress.after(made.loss(), evaluationDue);
        made(made, Math.max(1e-9, (System.nanoTime() - began) / 1e9));
      }
      case OptimiserStep.NotUpdated not -> {
        progress = progress.skipped(evaluationDue);
        double epochs = plan.epochs(progress.step());
        events.accept(new TrainingEvent.StepSkipped(progress.step(), total, epochs, not.reason()));
      }
    }
  }

  private void made(OptimiserStep.Updated made, double seconds) {
    TokenLoss loss = made.loss();
    var tokens = new TrainingEvent.StepTokens(made.tokens(), loss.computed(), loss.trainedTokens());
    events.accept(
        new TrainingEvent.Progress(
            progress.step(),
            total,
            plan.epochs(progress.step()),
            loss.mean() + model.regulariser(),
            made.gradNorm(),
            made.learningRate(),
            tokens,
            tokens.logical() / seconds,
            progress.trainedTokens(),
            loss.accuracy(),
            loss.pairs().named()));
  }

  private void evaluate() {
    if (validation == null) return;
    long step = progress.step();
    Runnable sign = () -> events.accept(new TrainingEvent.Evaluating(step));
    sign.run();
    events.accept(validation.evaluate(step, sign));
    if (step > 0) progress = progress.evaluated(validation.compare(progress.best(), step));
  }

  private void checkpoint(Checkpoints checkpoints) {
    Path written =
        checkpoints.write(
            model,
            progress,
            making -> ResultDirectory.writeAdapter(making, run, base, model, progress));
    kept = progress;
    schedule.made();
    events.accept(new TrainingEvent.Checkpoint(progress.step(), written.toString()));
  }
}
