package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.ActivationBudget;
import dev.graft.model.Slot;
import dev.graft.model.Tuner;
import dev.graft.spec.GradientCheckpointing;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.weights.DecoderConfig;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a run holds on its device at its widest moment, in bytes: an estimate that is rather too
 * large than too small, from the model's files and the settings alone.
 *
 * @param weights of the base, as they lie on the device: see {@link HeldWeights}
 * @param trained what trains: value, gradient and Adam's two moments, 16 bytes a scalar, and 2 for
 *     a rounded copy
 * @param row what one row of a micro-batch leaves for the way down: see {@link RowActivations}
 * @param work what does not grow with the rows: the logits of one chunk, one weight made of its
 *     quantised form, and the program itself
 * @param rows that go through the model at a time
 * @param floor what all rows take when as little as can be is kept: see {@link #least}
 * @param turned copies of weights that make a CPU faster, which no device needs to have room for
 */
public record MemoryNeed(
    long weights, long trained, long row, long work, int rows, long floor, long turned) {
  private static final long SCALAR = 4L * Float.BYTES;

  /** The trainer's JVM and libtorch, before anything is loaded, and gradients of lanes. */
  private static final long PROGRAM = 640L << 20;

  static MemoryNeed of(ModelDirectory model, Tuner tuner, TrainingSpec spec, RowSizes data) {
    ModelConfig config = model.config();
    Hyperparameters training = spec.training();
    HeldWeights weights = HeldWeights.of(model, tuner, spec);
    int tokens = tokens(config, training, data) + tuner.virtualTokens().count();
    ActivationBudget activations =
        new RowActivations(config, tuner.slots(), spec, tokens).budget(0);
    int sequences = spec.objective().pairs() ? 2 : 1;
    long kept = (long) (sequences * activations.trained(tokens, tokens, 0));
    long again = (long) (sequences * activations.trained(tokens, tokens, activations.kept()));
    // texts of pretraining are cut into rows wherever they end
    int most = spec.objective() == Objective.PRETRAINING ? Integer.MAX_VALUE : data.rows();
    int rows = Math.min(training.batching().perDeviceTrainBatchSize(), most);
    int fewest = Drops.together(spec, config, tuner.slots()) ? rows : 1;
    GradientCheckpointing plan = training.gradientCheckpointing();
    return new MemoryNeed(
        weights.bytes(),
        (training.autocast() ? SCALAR + 2 : SCALAR)
            * tuner.slots().stream().mapToLong(Slot::size).sum(),
        plan == GradientCheckpointing.OFF ? kept : again,
        PROGRAM + weights.unpacked() + logits(config, tuner.slots(), spec),
        plan == GradientCheckpointing.AUTO ? fewest : rows,
        (long) ((double) fewest * again),
        weights.turned());
  }

  /** Packed rows are full; others are as wide as the longest. */
  private static int tokens(ModelConfig config, Hyperparameters training, RowSizes data) {
    Integer length = training.rows().maxLength();
    int most = length == null ? config.contextLength() : Math.min(length, config.contextLength());
    boolean packed = training.rows().packingStrategy() != null;
    return packed ? most : Math.min(most, data.tokens());
  }

  /**
   * Logits of a chunk and their gradient, in the element type of products and in f32, and what the
   * rows get from them. Those of all the vocabulary where something outside the layers trains: it
   * may be the output matrix.
   */
  private static long logits(ModelConfig config, List<Slot> slots, TrainingSpec spec) {
    if (spec.objective().labelsRows()) return 0;
    double copies = spec.training().precision().half() ? 3 : 2;
    if (config instanceof DecoderConfig decoder && decoder.multipliers().logitSoftcap() > 0) {
      copies += 2;
    }
    boolean kept = slots.stream().anyMatch(slot -> !ofLayer(config, slot.name()));
    long chunk = ComputePlan.KEEP.lossChunk(config.vocabSize(), kept);
    long words = kept ? config.vocabSize() : ComputePlan.LOSS_TILE;
    return (long) (Float.BYTES * chunk * (copies * words + 4 * config.hiddenSize()));
  }

  private static boolean ofLayer(ModelConfig config, String name) {
    return IntStream.range(0, config.numHiddenLayers())
        .anyMatch(layer -> name.startsWith(config.layerPrefix(layer)));
  }

  /** All of it; beyond what a long holds it is the largest one. */
  public long bytes() {
    return (long) ((double) rows * row + weights + trained + work);
  }

  /**
   * What it takes of a CPU's memory.
   *
   * @param memory bytes that the run may take; null = not known
   */
  public long onCpu(@Nullable Long memory) {
    return memory != null && memory >= bytes() + turned ? bytes() + turned : bytes();
  }

  /**
   * The least of the memory that the same steps can be made in: every layer computed again, and a
   * row at a time where none is dropped from at random.
   */
  public MemoryNeed least() {
    return new MemoryNeed(weights, trained, floor, work, 1, floor, 0);
  }

  /** What is there beside activations. */
  long held() {
    return weights + trained + work;
  }
}
