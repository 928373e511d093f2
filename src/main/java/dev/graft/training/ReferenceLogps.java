package dev.graft.training;

import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.TrainableModel;
import dev.graft.spec.Hyperparameters;
import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The reference's log-probabilities of the pairs of a run. They are computed once before the first
 * step and kept with the checkpoints, so that a resumed run uses the same numbers. If the base
 * itself trains, they cannot be computed later.
 */
final class ReferenceLogps {
  private final Path file;
  private final TrainableModel model;
  private final Hyperparameters training;
  private final RunControl control;
  private final Map<String, PairLogps> known = new LinkedHashMap<>();
  private boolean changed;

  /**
   * @param file where they are kept; a resume restores it
   */
  ReferenceLogps(Path file, TrainableModel model, Hyperparameters training, RunControl control) {
    this.file = file;
    this.model = model;
    this.training = training;
    this.control = control;
  }

  /** Returns the pairs of a file with their reference, which is stored by the file's digest. */
  TrainingData measured(TrainingData data) {
    if (!(data.rows() instanceof Rows.PairRows pairs))
      throw new IllegalArgumentException("not pairs");
    PairLogps stored = Files.exists(file) ? stored(data.sha256()) : null;
    PairLogps logps = stored == null ? compute(pairs) : stored;
    known.put(data.sha256(), logps);
    return data.with(pairs.measuredFrom(logps));
  }

  private PairLogps compute(Rows.PairRows pairs) {
    double[] chosen = new double[pairs.size()];
    double[] rejected = new double[pairs.size()];
    for (int[] rows :
        BatchPlan.evaluationBatches(pairs, training.batching().perDeviceTrainBatchSize())) {
      control.pollRepeatable();
      PairBatch batch = pairs.batch(rows, training.batching().padToMultipleOf());
      PairLogps logps = reference(batch);
      for (int i = 0; i < rows.length; i++) {
        chosen[rows[i]] = logps.chosen()[i];
        rejected[rows[i]] = logps.rejected()[i];
      }
    }
    changed = true;
    return new PairLogps(chosen, rejected);
  }

  private PairLogps reference(PairBatch batch) {
    try {
      return model.reference(batch);
    } catch (IllegalStateException e) {
      throw new BadRun("resume_from", "the checkpoint does not fit: it lacks the reference");
    }
  }

  /** Writes the computed numbers; false if there are none. */
  boolean keep() {
    if (!changed) return false;
    List<NamedTensor> tensors = new ArrayList<>();
    known.forEach(
        (digest, logps) -> {
          tensors.add(tensor(digest + ".chosen", logps.chosen()));
          tensors.add(tensor(digest + ".rejected", logps.rejected()));
        });
    try {
      Path making = file.resolveSibling(file.getFileName() + ".making");
      Files.createDirectories(file.toAbsolutePath().getParent());
      SafetensorsWriter.write(making, tensors);
      DurableFiles.publish(making, file);
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException("the reference cannot be kept", e);
    }
  }

  private static NamedTensor tensor(String name, double[] values) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    data.asDoubleBuffer().put(values);
    return new NamedTensor(name, Dtype.F64, new long[] {values.length}, data);
  }

  private @Nullable PairLogps stored(String digest) {
    try (SafetensorsFile stored = SafetensorsFile.open(file)) {
      MappedTensor chosen = stored.find(digest + ".chosen");
      MappedTensor rejected = stored.find(digest + ".rejected");
      if (chosen == null || rejected == null) return null;
      return new PairLogps(numbers(chosen), numbers(rejected));
    }
  }

  private static double[] numbers(MappedTensor tensor) {
    if (tensor.dtype() != Dtype.F64) throw new BadModel(tensor.name() + " is not F64");
    return tensor.data().toArray(ValueLayout.JAVA_DOUBLE_UNALIGNED);
  }
}
