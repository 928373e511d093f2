package dev.graft.training.finetune;

import dev.graft.spec.Hyperparameters;
import dev.graft.text.BadTokenizer;
import dev.graft.text.TemplateRejected;
import dev.graft.text.Tokenizer;
import dev.graft.training.MicroBatch;
import dev.graft.training.Schedules;
import dev.graft.training.TokenLoss;
import dev.graft.training.TrainableModel;
import dev.graft.training.data.BatchPlan;
import dev.graft.training.data.Mix;
import dev.graft.training.protocol.TrainerDirective;
import dev.graft.training.protocol.TrainerExit;
import dev.graft.training.protocol.TrainingEvent;
import dev.graft.training.tuner.Tuner;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The recipe: read the data, load the model, step, evaluate, keep checkpoints, write the result.
 * Runs on the calling thread, which must be a platform thread.
 */
public final class FineTune {
  private final TrainingRun run;
  private final Hyperparameters training;
  private final Consumer<TrainingEvent> events;
  private final Control control;
  private final ModelSource models;

  FineTune(
      TrainingRun run,
      Consumer<TrainingEvent> events,
      Supplier<@Nullable TrainerDirective> directives,
      ModelSource models) {
    this.run = run;
    this.training = run.spec().training();
    this.events = events;
    this.control = new Control(directives);
    this.models = models;
  }

  /**
   * @param events hears every event on this thread; must not block for long
   * @param directives gives the next directive, or null when there is none; must not block
   * @return DONE, STOPPED_AFTER_CHECKPOINT or CANCELLED
   * @throws BadRun if request, data, checkpoint or base model are at fault
   * @throws java.io.UncheckedIOException if a file cannot be read or written
   */
  public static TrainerExit run(
      TrainingRun run,
      Consumer<TrainingEvent> events,
      Supplier<@Nullable TrainerDirective> directives) {
    return new FineTune(run, events, directives, new KernelModels()).run();
  }

  TrainerExit run() {
    try (ModelDirectory base = ModelDirectory.open(run.baseModel());
        Tokenizer tokenizer = Tokenizer.load(run.baseModel())) {
      int maxLength = maxLength(base);
      RunData data = RunData.read(run, base, tokenizer, maxLength, control);
      try (ModelDirectory forTask = base.withTask(data.task());
          TrainableModel model = open(forTask)) {
        requireOutputs(forTask);
        return new Loop(forTask, data, model, maxLength).run();
      }
    } catch (Control.Cancelled e) {
      return TrainerExit.CANCELLED;
    } catch (BadModel | BadTokenizer | TemplateRejected e) {
      throw new BadRun("model", "the base model cannot be used: " + e.getMessage());
    }
  }

  private TrainableModel open(ModelDirectory base) {
    try {
      return models.open(base, run.spec(), run.threads());
    } catch (IllegalArgumentException e) {
      throw new BadRun("adapter", "the adapter does not fit the base model: " + e.getMessage());
    }
  }

  /** What cannot be written is told before it is trained. */
  private void requireOutputs(ModelDirectory base) {
    if (!run.spec().outputs().merged()) return;
    String obstacle = Tuner.of(run.spec().method(), base).unmergeable();
    if (obstacle != null) throw new BadRun("adapter.output.merged", obstacle);
  }

  private int maxLength(ModelDirectory base) {
    int context = base.config().contextLength();
    Integer wanted = training.maxLength();
    int length = wanted == null ? context : Math.min(wanted, context);
    if (Math.ceilDiv(length, training.padToMultipleOf()) * training.padToMultipleOf() > context) {
      throw new BadRun(
          "adapter",
          "pad_to_multiple_of %d makes rows of max_length %d longer than the model's context of %d"
              .formatted(training.padToMultipleOf(), length, context));
    }
    return length;
  }

  /** From the first step to the result. */
  private final class Loop {
    private final ModelDirectory base;
    private final TrainingData data;
    private final @Nullable Validation validation;
    private final TrainableModel model;
    private final int maxLength;
    private final BatchPlan plan;
    private final long total;
    private final long warmup;
    private final Checkpoints checkpoints;
    private Progress progress = Progress.START;

    Loop(ModelDirectory base, RunData files, TrainableModel model, int maxLength) {
      this.base = base;
      data = files.training();
      this.model = model;
      this.maxLength = maxLength;
      plan = new BatchPlan(training, run.spec().seed(), data.rows().lengths());
      total = plan.totalSteps();
      if (total == 0) {
        throw new BadRun("training_file", "fewer rows than one batch, and dataloader_drop_last");
      }
      warmup =
          training.warmupSteps() > 0
              ? training.warmupSteps()
              : (long) Math.ceil(total * training.warmupRatio());
      checkpoints =
          new Checkpoints(
              run.checkpoints(),
              RunIdentity.of(run.spec(), run.baseModel(), data.sha256()),
              models.environment(run.threads()));
      TrainingData second = files.validation();
      if (second == null && training.evaluation().needsValidation()) {
        throw new BadRun(
            "validation_file", "early stopping and the best model need a validation file");
      }
      validation =
          second == null
              ? null
              : new Validation(second, base, model, training, control, checkpoints.bestWeights());
    }

    TrainerExit run() {
      Path resumeFrom = run.resumeFrom();
      if (resumeFrom != null) progress = checkpoints.restore(resumeFrom, model);
      started();
      if (progress.step() == 0) evaluate();
      while (progress.step() < total && !stopsEarly()) {
        control.poll();
        if (control.takeCheckpoint()) checkpoint();
        if (control.stop()) return TrainerExit.STOPPED_AFTER_CHECKPOINT;
        step();
        long step = progress.step();
        if (step < total && due(step, training.evaluation().evalSteps())) evaluate();
        if (step < total && due(step, training.saveSteps())) checkpoint();
      }
      if (!stopsEarly()) evaluate();
      if (validation != null) validation.takeBest(progress.best(), progress.step());
      ResultDirectory.write(
          run, base, model, progress, validation == null ? null : validation.latest());
      events.accept(
          new TrainingEvent.Completed(
              run.output().toString(),
              progress.step(),
              progress.trainedTokens(),
              progress.meanLoss(),
              validation == null ? null : validation.loss()));
      return TrainerExit.DONE;
    }

    private boolean stopsEarly() {
      return validation != null && validation.stopsEarly(progress.best());
    }

    private static boolean due(long step, int every) {
      return every > 0 && step % every == 0;
    }

    private void started() {
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
              model.trainableParameters()));
    }

    /** One optimiser step: the window's micro-batches, then one update. */
    private void step() {
      long began = System.nanoTime();
      long step = progress.step();
      List<int[]> window = plan.window(step);
      List<MicroBatch> batches =
          window.stream().map(rows -> data.rows().batch(rows, training.padToMultipleOf())).toList();
      long targets = Math.max(1, batches.stream().mapToLong(MicroBatch::targets).sum());
      TokenLoss loss = TokenLoss.ZERO;
      for (int m = 0; m < batches.size(); m++) {
        control.poll();
        long dropoutSeed = new Mix(run.spec().seed(), step, m).next();
        TokenLoss part = model.accumulate(batches.get(m), targets, dropoutSeed);
        if (!Double.isFinite(part.sum())) {
          throw lossOf(step, window.get(m), "is not a finite number");
        }
        loss = loss.plus(part);
      }
      if (progress.trend().spikes(loss.mean())) {
        int[] rows = window.stream().flatMapToInt(Arrays::stream).toArray();
        throw lossOf(step, rows, "jumped to %.3g".formatted(loss.mean()));
      }
      double rate = training.learningRate() * multiplier(step);
      double norm = update(rate);
      progress = progress.after(loss);
      double seconds = Math.max(1e-9, (System.nanoTime() - began) / 1e9);
      events.accept(
          new TrainingEvent.Progress(
              progress.step(),
              total,
              plan.epochs(progress.step()),
              loss.mean(),
              norm,
              rate,
              tokens(batches) / seconds,
              progress.trainedTokens(),
              (double) loss.correct() / Math.max(1, loss.tokens())));
    }

    private double update(double rate) {
      try {
        return model.update(rate);
      } catch (IllegalStateException e) {
        throw new BadRun(null, String.valueOf(e.getMessage()));
      }
    }

    private double multiplier(long step) {
      return Schedules.multiplier(
          training.lrScheduler(), step, warmup, total, training.learningRate());
    }

    private static long tokens(List<MicroBatch> batches) {
      return batches.stream()
          .flatMap(batch -> Arrays.stream(batch.inputIds()))
          .mapToLong(row -> row.length)
          .sum();
    }

    private BadRun lossOf(long step, int[] rows, String what) {
      List<String> origins = Arrays.stream(rows).mapToObj(data.rows()::origin).limit(8).toList();
      return new BadRun(
          null,
          "the loss %s in step %d, in rows from %s; a lower learning_rate or a look at these rows may help"
              .formatted(what, step + 1, String.join(", ", origins)));
    }

    private void evaluate() {
      if (validation == null) return;
      long step = progress.step();
      events.accept(validation.evaluate(step));
      if (step > 0) progress = progress.evaluated(validation.compare(progress.best(), step));
    }

    private void checkpoint() {
      Path written =
          checkpoints.write(
              model,
              progress,
              making -> ResultDirectory.writeAdapter(making, run, base, model, progress));
      events.accept(new TrainingEvent.Checkpoint(progress.step(), written.toString()));
    }
  }
}
