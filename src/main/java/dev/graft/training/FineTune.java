package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.LabelLoss;
import dev.graft.model.LabelMetrics;
import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.model.PendingLoss;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.Schedules;
import dev.graft.model.SplitMix64;
import dev.graft.model.StepObserver;
import dev.graft.model.TrainableModel;
import dev.graft.model.TrainableModel.NonfiniteGradients;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Preference;
import dev.graft.text.ChatTemplate.TemplateRejected;
import dev.graft.text.Tokenizer;
import dev.graft.text.Tokenizer.BadTokenizer;
import dev.graft.training.BatchPlan.StepBatches;
import dev.graft.training.Checkpoints.CheckpointManifest.Environment;
import dev.graft.training.RunProgress.BestEvaluation;
import dev.graft.training.TrainingData.RunData;
import dev.graft.weights.BadModel;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The recipe: reads the data, loads the model, makes steps, evaluates, writes checkpoints and the
 * result. Runs on the calling thread, which must be a platform thread.
 */
final class FineTune {
  /** Consecutive skipped steps after which a run no longer learns. */
  private static final int MOST_SKIPPED = 10;

  private final TrainingRun run;
  private final Hyperparameters training;
  private final Consumer<TrainingEvent> events;
  private final RunControl control;
  private final ModelSource models;
  private final LongSupplier nanoTime;

  public FineTune(
      TrainingRun run,
      Consumer<TrainingEvent> events,
      Supplier<@Nullable TrainerDirective> directives,
      ModelSource models) {
    this(run, events, directives, models, System::nanoTime);
  }

  /**
   * @param nanoTime a clock as {@link System#nanoTime} is
   */
  public FineTune(
      TrainingRun run,
      Consumer<TrainingEvent> events,
      Supplier<@Nullable TrainerDirective> directives,
      ModelSource models,
      LongSupplier nanoTime) {
    this.run = run;
    this.training = run.spec().training();
    this.events = events;
    this.control = new RunControl(directives);
    this.models = models;
    this.nanoTime = nanoTime;
  }

  /**
   * @param events receives every event on this thread; must not block for long
   * @param directives returns the next directive, or null if there is none; must not block
   * @return DONE, STOPPED_AFTER_CHECKPOINT or CANCELLED
   * @throws BadRun if request, data, checkpoint or base model are at fault
   * @throws java.io.UncheckedIOException if a file cannot be read or written
   */
  public static TrainerExit run(
      TrainingRun run,
      Consumer<TrainingEvent> events,
      Supplier<@Nullable TrainerDirective> directives) {
    return run(run, events, directives, StepObserver.NONE);
  }

  /** Runs with an observer of the cost of steps. */
  public static TrainerExit run(
      TrainingRun run,
      Consumer<TrainingEvent> events,
      Supplier<@Nullable TrainerDirective> directives,
      StepObserver observer) {
    return new FineTune(run, events, directives, new KernelModels(observer)).run();
  }

  public TrainerExit run() {
    try (ModelDirectory base = ModelDirectory.open(run.base().directory());
        Tokenizer tokenizer = Tokenizer.load(run.base().directory())) {
      int maxLength = maxLength(base);
      RunData data = RunData.read(run, base, tokenizer, maxLength, control);
      try (ModelDirectory forTask = base.withTask(data.task());
          TrainableModel model = open(forTask, data.training().rows())) {
        requireOutputs(forTask);
        StartFrom start = StartFrom.of(run);
        if (start != null && run.directories().resumeFrom() == null)
          start.load(model, run.spec().method());
        return new TrainingLoop(forTask, data, model)
            .run(models.environment(run.threads()), maxLength);
      }
    } catch (RunControl.Cancelled e) {
      return TrainerExit.CANCELLED;
    } catch (RunControl.Stopped beforeTheFirstStep) {
      return TrainerExit.STOPPED_AFTER_CHECKPOINT;
    } catch (BadModel | BadTokenizer | TemplateRejected e) {
      throw new BadRun("model", "the base model cannot be used: " + e.getMessage());
    }
  }

  private TrainableModel open(ModelDirectory base, Rows rows) {
    try {
      return models.open(
          base, run, plan(base, rows), new KernelModels.DataStart(run, rows, control));
    } catch (IllegalArgumentException e) {
      throw new BadRun("adapter", "the adapter does not fit the base model: " + e.getMessage());
    }
  }

  /** Returns the plan by settings and memory. */
  private ComputePlan plan(ModelDirectory base, Rows rows) {
    return run.plan(MemoryNeed.FittingPlan.of(base, run.spec(), rows.lengths(), run.threads()));
  }

  /** Rejects a run before training if one of its output forms cannot be written. */
  private void requireOutputs(ModelDirectory base) {
    ResultFormat.Obstacle obstacle =
        ResultFormat.obstacle(run.spec().outputs(), run.spec().method(), base);
    if (obstacle != null) throw new BadRun("adapter." + obstacle.field(), obstacle.reason());
  }

  private int maxLength(ModelDirectory base) {
    int context = base.config().contextLength();
    Integer wanted = training.rows().maxLength();
    int length = wanted == null ? context : Math.min(wanted, context);
    if (Math.ceilDiv(length, training.batching().padToMultipleOf())
            * training.batching().padToMultipleOf()
        > context) {
      throw new BadRun(
          "adapter",
          "pad_to_multiple_of %d makes rows of max_length %d longer than the model's context of %d"
              .formatted(training.batching().padToMultipleOf(), length, context));
    }
    return length;
  }

  /** Opens the model: that of the kernels, or in tests a predictable one. */
  interface ModelSource {
    /**
     * Called on the thread that trains, which closes the model.
     *
     * @param plan of the computation of steps
     * @param start opens models that start from the data
     */
    TrainableModel open(
        ModelDirectory base, TrainingRun run, ComputePlan plan, KernelModels.DataStart start);

    Environment environment(int threads);
  }

  /** The run from the first step to the result. */
  private final class TrainingLoop {
    private final ModelDirectory base;
    private final RunData files;
    private final TrainableModel model;
    private final CheckpointSchedule schedule;
    private final BatchPlan plan;
    private final long total;
    private final long warmup;
    private TrainingData data;
    private @Nullable HeldOutEvaluation validation;
    private RunProgress progress = RunProgress.START;

    /** The progress in the newest checkpoint; null if a checkpoint is needed for other reasons. */
    private @Nullable RunProgress kept;

    /**
     * @param base with the head that the model has
     * @throws BadRun if there is nothing to do, or a file is missing
     */
    TrainingLoop(ModelDirectory base, RunData files, TrainableModel model) {
      this.base = base;
      this.files = files;
      this.model = model;
      data = files.training();
      plan = new BatchPlan(training, run.spec().seed(), data.rows().lengths());
      schedule = new CheckpointSchedule(training, plan, nanoTime);
      total = plan.totalSteps();
      warmup =
          training.schedule().warmupSteps() > 0
              ? training.schedule().warmupSteps()
              : (long) Math.ceil(total * training.schedule().warmupRatio());
      if (total == 0) {
        throw new BadRun(
            "training_file",
            "dataloader_drop_last leaves no batch: there are fewer rows than one batch needs");
      }
      if (files.validation() == null && training.evaluation().needsValidation()) {
        throw new BadRun(
            "validation_file",
            "early stopping and the best model need a validation file, or held_out");
      }
    }

    /**
     * @param environment that the last bits of the numbers depend on
     * @param maxLength tokens of a row
     */
    TrainerExit run(Environment environment, int maxLength) {
      Checkpoints checkpoints =
          new Checkpoints(
              run.directories().checkpoints(),
              Checkpoints.runFacts(run, data.sha256()),
              environment);
      Path resumeFrom = run.directories().resumeFrom();
      if (resumeFrom == null) checkpoints.begin();
      else progress = checkpoints.restore(resumeFrom, model);
      kept = resumeFrom == null && KernelModels.DataStart.looks(run) ? null : progress;
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
        while (progress.step() < total && !stopsEarly()) {
          control.pollRepeatable();
          if (control.takeCheckpoint()) checkpoint(checkpoints);
          step(windows.take(progress.step()));
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

    /**
     * Computes the reference's log-probabilities of pairs once, unless the reference changes in
     * training.
     */
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
        validation = new HeldOutEvaluation(held, checkpoints.bestWeights());
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

    /** Reports how the largest possible micro-batch is computed. */
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

    private void step(StepBatches.Window window) {
      long began = System.nanoTime();
      long step = progress.step();
      Outcome outcome = null;
      while (outcome == null) outcome = make(window);
      boolean evaluationDue =
          validation != null
              && step + 1 < total
              && due(step + 1, training.evaluation().evalSteps());
      switch (outcome) {
        case Updated made -> {
          progress = progress.after(made.loss(), evaluationDue);
          made(made, Math.max(1e-9, (System.nanoTime() - began) / 1e9));
        }
        case NotUpdated not -> {
          progress = progress.skipped(evaluationDue);
          double epochs = plan.epochs(progress.step());
          events.accept(
              new TrainingEvent.StepSkipped(progress.step(), total, epochs, not.reason()));
        }
      }
    }

    private void made(Updated made, double seconds) {
      TokenLoss loss = made.loss();
      var tokens =
          new TrainingEvent.StepTokens(made.tokens(), loss.computed(), loss.trainedTokens());
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

    /**
     * Makes one optimiser step: the micro-batches of the window, then one update. A step whose
     * numbers are wrong ends the run, or is left out where the settings of the run ask for that.
     *
     * @return null if it must be made again, with another loss scale
     * @throws BadRun if the numbers are wrong, unless such a step is to be left out
     */
    private @Nullable Outcome make(StepBatches.Window made) {
      long step = progress.step();
      List<int[]> window = made.rows();
      List<PendingLoss> losses = new ArrayList<>();
      try {
        enqueue(step, made, losses);
        double rate = training.schedule().learningRate() * multiplier(step);
        double norm = model.update(rate);
        TokenLoss loss = PendingLoss.sum(losses).read();
        if (training.guards().lossSpike() && progress.trend().spikes(loss.mean())) {
          String spike = "the loss jumped to %.3g".formatted(loss.mean());
          throw new BadRun(
              null, inRows(spike, step, all(window)) + "; loss_spike_guard false trains on");
        }
        return new Updated(loss, norm, rate, tokens(made.batches()));
      } catch (Nonfinite wrong) {
        return skipped(String.valueOf(wrong.getMessage()));
      } catch (NonfiniteGradients wrong) {
        if (firstNonfinite(losses) < 0 && model.lowerLossScale()) {
          model.discard();
          return null;
        }
        return skipped(whatIsNotFinite(step, window, losses));
      }
    }

    private NotUpdated skipped(String why) {
      if (!training.guards().skipNonfinite()) throw new BadRun(null, why);
      if (progress.skippedInARow() + 1 >= MOST_SKIPPED) {
        throw new BadRun(
            null,
            "%d consecutive steps made no update; the last one: %s".formatted(MOST_SKIPPED, why));
      }
      model.discard();
      return new NotUpdated(why);
    }

    /**
     * Enqueues the micro-batches and checks the losses that are already known; the model checks the
     * others.
     */
    private void enqueue(long step, StepBatches.Window window, List<PendingLoss> losses) {
      List<MicroBatch> batches = window.batches();
      long targets = Math.max(1, batches.stream().mapToLong(MicroBatch::targets).sum());
      for (int m = 0; m < batches.size(); m++) {
        control.poll();
        long dropoutSeed = new SplitMix64(run.spec().seed(), step, m).next();
        PendingLoss loss = model.enqueue(batches.get(m), targets, dropoutSeed);
        losses.add(loss);
        if (loss.known() && !Double.isFinite(loss.read().sum())) {
          throw new Nonfinite(whatIsNotFinite(step, window.rows(), losses));
        }
      }
    }

    /** Describes the first loss that is not finite, else the gradients. */
    private String whatIsNotFinite(long step, List<int[]> window, List<PendingLoss> losses) {
      int m = firstNonfinite(losses);
      return m < 0
          ? inRows("the gradients are not finite", step, all(window))
          : inRows("the loss is not a finite number", step, window.get(m));
    }

    private static int firstNonfinite(List<PendingLoss> losses) {
      for (int m = 0; m < losses.size(); m++) {
        if (!Double.isFinite(losses.get(m).read().sum())) return m;
      }
      return -1;
    }

    private double multiplier(long step) {
      return Schedules.multiplier(
          training.schedule().lrScheduler(),
          step,
          warmup,
          total,
          training.schedule().learningRate());
    }

    private long tokens(List<MicroBatch> batches) {
      return batches.stream()
          .flatMap(batch -> Arrays.stream(batch.inputIds()))
          .mapToLong(row -> row.length)
          .sum();
    }

    private static int[] all(List<int[]> window) {
      return window.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private String inRows(String what, long step, int[] of) {
      List<String> origins = Arrays.stream(of).mapToObj(data.rows()::origin).limit(8).toList();
      return "%s in step %d, in rows from %s; lower learning_rate, or check these rows"
          .formatted(what, step + 1, String.join(", ", origins));
    }

    /**
     * The evaluation of the validation file: its loss, the best weights so far, and early stopping.
     */
    private final class HeldOutEvaluation {
      private static final long SIGN_EVERY = TimeUnit.MINUTES.toNanos(1);

      private final TrainingData data;
      private final Path bestWeights;
      private TrainingEvent.@Nullable Evaluated latest;

      /**
       * @param bestWeights file of the best weights so far, kept where the settings ask for them
       */
      HeldOutEvaluation(TrainingData data, Path bestWeights) {
        this.data = data;
        this.bestWeights = bestWeights;
      }

      /**
       * Evaluates the whole file, in batches of rows of similar length.
       *
       * @param sign run every minute, to show that a long evaluation does not hang
       * @throws RunControl.Stopped if the run is to stop; the resumed run evaluates again
       */
      TrainingEvent.Evaluated evaluate(long step, Runnable sign) {
        AtomicLong signed = new AtomicLong(System.nanoTime());
        return evaluated(
            step,
            () -> {
              control.pollRepeatable();
              long now = System.nanoTime();
              if (now - signed.get() < SIGN_EVERY) return;
              signed.set(now);
              sign.run();
            });
      }

      private TrainingEvent.Evaluated evaluated(long step, Runnable poll) {
        LabelMetrics metrics =
            base.config().task() instanceof Task.SequenceClassification head
                ? new LabelMetrics(head)
                : null;
        TokenLoss sum = TokenLoss.ZERO;
        for (int[] rows :
            BatchPlan.evaluationBatches(
                data.rows(), training.batching().perDeviceTrainBatchSize())) {
          poll.run();
          sum =
              sum.plus(
                  evaluate(
                      data.rows().batch(rows, training.batching().padToMultipleOf()), metrics));
        }
        var named = metrics == null ? sum.pairs().named() : metrics.named();
        latest = new TrainingEvent.Evaluated(step, sum.mean(), sum.accuracy(), named);
        return latest;
      }

      private TokenLoss evaluate(MicroBatch batch, @Nullable LabelMetrics metrics) {
        if (metrics != null && batch instanceof LabelBatch labels) return evaluate(labels, metrics);
        return model.evaluate(batch);
      }

      /** Computes loss and metrics in one pass. */
      private TokenLoss evaluate(LabelBatch batch, LabelMetrics metrics) {
        float[][][] outputs = model.logits(batch.inputIds());
        TokenLoss sum = TokenLoss.ZERO;
        for (int row = 0; row < outputs.length; row++) {
          float[] logits = outputs[row][0];
          double[] label = batch.labels()[row];
          sum = sum.plus(LabelLoss.of(metrics.problem(), logits, new double[][] {label}));
          metrics.add(logits, label);
        }
        return sum;
      }

      /** Returns the latest evaluation; null before the first. */
      TrainingEvent.@Nullable Evaluated latest() {
        return latest;
      }

      /** Returns the loss of the latest evaluation. */
      double loss() {
        return latest == null ? Double.NaN : latest.validLoss();
      }

      /**
       * Compares the latest evaluation with earlier ones and keeps the weights if they are the
       * best.
       */
      BestEvaluation compare(@Nullable BestEvaluation before, long step) {
        BestEvaluation best =
            BestEvaluation.after(
                before, loss(), step, training.evaluation().earlyStoppingThreshold());
        if (training.evaluation().loadBestModelAtEnd() && best.step() == step) keep();
        return best;
      }

      private void keep() {
        try {
          Path making = bestWeights.resolveSibling(bestWeights.getFileName() + ".making");
          Files.createDirectories(bestWeights.toAbsolutePath().getParent());
          SafetensorsWriter.write(making, model.trained());
          DurableFiles.publish(making, bestWeights);
        } catch (IOException e) {
          throw new UncheckedIOException("the best weights cannot be kept", e);
        }
      }

      boolean stopsEarly(@Nullable BestEvaluation best) {
        int patience = training.evaluation().earlyStoppingPatience();
        return best != null && patience > 0 && best.worse() >= patience;
      }

      /** Restores the best weights, if the settings ask for them and they are not the latest. */
      void takeBest(@Nullable BestEvaluation best, long step) {
        if (best == null || best.step() == step) return;
        if (!training.evaluation().loadBestModelAtEnd()) return;
        try (SafetensorsFile file = SafetensorsFile.open(bestWeights)) {
          model.load(file.tensors().stream().map(MappedTensor::named).toList());
        }
        evaluated(best.step(), control::poll); // the model no longer has the run's state
      }
    }
  }

  /** The outcome of one optimiser step. */
  private sealed interface Outcome {}

  /**
   * @param gradNorm before clipping
   * @param tokens of its rows
   */
  private record Updated(TokenLoss loss, double gradNorm, double learningRate, long tokens)
      implements Outcome {}

  /**
   * A step without an update; the parameters are unchanged.
   *
   * @param reason with the rows
   */
  private record NotUpdated(String reason) implements Outcome {}

  /** Thrown for a loss that is not finite. */
  private static final class Nonfinite extends RuntimeException {
    Nonfinite(String reason) {
      super(reason, null, false, false);
    }
  }

  /**
   * Decides when a run writes a checkpoint: after a number of steps or at the end of epochs, and
   * after a time.
   */
  static final class CheckpointSchedule {
    /** OpenAI keeps the checkpoints of this many epochs. */
    private static final int LAST_EPOCHS = 3;

    /** Earlier epochs that are shorter than this get no checkpoint. */
    private static final long YOUNG = TimeUnit.MINUTES.toNanos(1);

    private final Hyperparameters training;
    private final BatchPlan plan;
    private final long saveNanos;
    private final LongSupplier nanoTime;
    private long last;

    CheckpointSchedule(Hyperparameters training, BatchPlan plan, LongSupplier nanoTime) {
      this.training = training;
      this.plan = plan;
      this.saveNanos = Math.round(training.saveMinutes() * TimeUnit.MINUTES.toNanos(1));
      this.nanoTime = nanoTime;
      this.last = nanoTime.getAsLong();
    }

    /** Returns whether a checkpoint is due after a step that is not the last one. */
    boolean due(long step) {
      long age = nanoTime.getAsLong() - last;
      boolean byTime = saveNanos > 0 && age >= saveNanos;
      Integer every = training.saveSteps();
      if (every != null) return byTime || (every > 0 && step % every == 0);
      return byTime || (endsEpoch(step) && (isOneOfTheLast(step) || age >= YOUNG));
    }

    /** Returns whether the end of the last epoch gets a checkpoint beside the result. */
    boolean dueAtEnd(long step) {
      return training.saveSteps() == null && endsEpoch(step);
    }

    private boolean endsEpoch(long step) {
      return step % plan.stepsPerEpoch() == 0;
    }

    /** Returns whether an epoch is one of the last; with early stopping any may be. */
    private boolean isOneOfTheLast(long step) {
      return training.evaluation().earlyStoppingPatience() > 0
          || step > plan.totalSteps() - LAST_EPOCHS * (long) plan.stepsPerEpoch();
    }

    /** Restarts the time after a checkpoint. */
    void made() {
      last = nanoTime.getAsLong();
    }
  }
}
