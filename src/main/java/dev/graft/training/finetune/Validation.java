package dev.graft.training.finetune;

import dev.graft.spec.Hyperparameters;
import dev.graft.training.TokenLoss;
import dev.graft.training.TrainableModel;
import dev.graft.training.data.Evaluation;
import dev.graft.training.data.TokenRows;
import dev.graft.training.protocol.TrainingEvent;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The validation file while a run goes: its loss, the best weights so far, and when to stop early.
 */
final class Validation {
  private final TrainingData data;
  private final TrainableModel model;
  private final Hyperparameters training;
  private final Control control;
  private final Path bestWeights;
  private double loss;

  /**
   * @param bestWeights file of the best weights so far, kept where they are asked for
   */
  Validation(
      TrainingData data,
      TrainableModel model,
      Hyperparameters training,
      Control control,
      Path bestWeights) {
    this.data = data;
    this.model = model;
    this.training = training;
    this.control = control;
    this.bestWeights = bestWeights;
  }

  /** The whole file, in batches of rows of like length. */
  TrainingEvent.Evaluation evaluate(long step) {
    TokenRows rows = data.rows();
    TokenLoss sum = TokenLoss.ZERO;
    for (int[] batch : Evaluation.batches(rows, training.perDeviceTrainBatchSize())) {
      control.poll();
      sum = sum.plus(model.evaluate(rows.batch(batch, training.padToMultipleOf())));
    }
    loss = sum.mean();
    return new TrainingEvent.Evaluation(
        step, loss, (double) sum.correct() / Math.max(1, sum.tokens()));
  }

  /** Loss of the latest evaluation. */
  double loss() {
    return loss;
  }

  /** The latest evaluation against those before; keeps the weights if they are the best. */
  Best compare(@Nullable Best before, long step) {
    Best best = Best.after(before, loss, step, training.evaluation().earlyStoppingThreshold());
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

  boolean stopsEarly(@Nullable Best best) {
    int patience = training.evaluation().earlyStoppingPatience();
    return best != null && patience > 0 && best.worse() >= patience;
  }

  /** Puts the best weights back, where they are asked for and are not the latest. */
  void takeBest(@Nullable Best best, long step) {
    if (best == null || best.step() == step) return;
    if (!training.evaluation().loadBestModelAtEnd()) return;
    try (SafetensorsFile file = SafetensorsFile.open(bestWeights)) {
      model.load(file.tensors().stream().map(MappedTensor::named).toList());
    }
    loss = best.loss();
  }
}
