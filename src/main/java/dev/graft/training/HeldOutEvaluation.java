package dev.graft.training;

import dev.graft.model.LabelLoss;
import dev.graft.model.LabelMetrics;
import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.model.TrainableModel;
import dev.graft.spec.Hyperparameters;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SafetensorsWriter;
import dev.graft.weights.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The validation file while a run goes: its loss, the best weights so far, and when to stop early.
 */
final class HeldOutEvaluation {
  private static final long SIGN_EVERY = TimeUnit.MINUTES.toNanos(1);

  private final TrainingData data;
  private final TrainableModel model;
  private final Hyperparameters training;
  private final RunControl control;
  private final Path bestWeights;
  private final ModelDirectory base;
  private TrainingEvent.@Nullable Evaluated latest;

  /**
   * @param base with the head that the model has
   * @param bestWeights file of the best weights so far, kept where they are asked for
   */
  HeldOutEvaluation(
      TrainingData data,
      ModelDirectory base,
      TrainableModel model,
      Hyperparameters training,
      RunControl control,
      Path bestWeights) {
    this.data = data;
    this.base = base;
    this.model = model;
    this.training = training;
    this.control = control;
    this.bestWeights = bestWeights;
  }

  /**
   * The whole file, in batches of rows of like length.
   *
   * @param sign run every minute, so that nobody takes a long evaluation for one that hangs
   * @throws RunControl.Stopped if the run is to stop: the one that goes on evaluates again
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
        EvaluationBatches.batches(data.rows(), training.batching().perDeviceTrainBatchSize())) {
      poll.run();
      sum =
          sum.plus(
              evaluate(data.rows().batch(rows, training.batching().padToMultipleOf()), metrics));
    }
    var named = metrics == null ? sum.pairs().named() : metrics.named();
    latest = new TrainingEvent.Evaluated(step, sum.mean(), sum.accuracy(), named);
    return latest;
  }

  private TokenLoss evaluate(MicroBatch batch, @Nullable LabelMetrics metrics) {
    if (metrics != null && batch instanceof LabelBatch labels) return evaluate(labels, metrics);
    return model.evaluate(batch);
  }

  /** Loss and metrics of one pass. */
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

  /** The latest evaluation; null before the first. */
  TrainingEvent.@Nullable Evaluated latest() {
    return latest;
  }

  /** Loss of the latest evaluation. */
  double loss() {
    return latest == null ? Double.NaN : latest.validLoss();
  }

  /** The latest evaluation against those before; keeps the weights if they are the best. */
  BestEvaluation compare(@Nullable BestEvaluation before, long step) {
    BestEvaluation best =
        BestEvaluation.after(before, loss(), step, training.evaluation().earlyStoppingThreshold());
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

  /** Puts the best weights back, where they are asked for and are not the latest. */
  void takeBest(@Nullable BestEvaluation best, long step) {
    if (best == null || best.step() == step) return;
    if (!training.evaluation().loadBestModelAtEnd()) return;
    try (SafetensorsFile file = SafetensorsFile.open(bestWeights)) {
      model.load(file.tensors().stream().map(MappedTensor::named).toList());
    }
    evaluated(best.step(), control::poll); // what trains is no longer the run's state
  }
}
