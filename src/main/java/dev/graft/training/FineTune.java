package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.StepObserver;
import dev.graft.model.TrainableModel;
import dev.graft.spec.Hyperparameters;
import dev.graft.text.ChatTemplate.TemplateRejected;
import dev.graft.text.Tokenizer;
import dev.graft.text.Tokenizer.BadTokenizer;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
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
    return run(run, events, directives, StepObserver.NONE);
  }

  /** The same, with somebody who hears what each step computes. */
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
        return new TrainingLoop(run, forTask, data, model, events, control, nanoTime)
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
      return models.open(base, run, plan(base, rows), new DataStart(run, rows, control));
    } catch (IllegalArgumentException e) {
      throw new BadRun("adapter", "the adapter does not fit the base model: " + e.getMessage());
    }
  }

  /** As the settings say, and as memory allows. */
  private ComputePlan plan(ModelDirectory base, Rows rows) {
    return run.plan(FittingPlan.of(base, run.spec(), rows.lengths(), run.threads()));
  }

  /** What cannot be written is told before it is trained. */
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
}
