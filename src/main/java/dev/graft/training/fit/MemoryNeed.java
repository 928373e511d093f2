package dev.graft.training.fit;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.ComputePlan;
import dev.graft.training.tuner.part.Slot;
import dev.graft.training.tuner.part.Tuner;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.config.DecoderConfig;
import dev.graft.weights.config.ModelConfig;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a run holds on its device at its widest moment, in bytes: an estimate that is rather too
 * large than too small, from the model's files and the settings alone.
 *
 * @param weights of the base, as they lie on the device: see {@link HeldWeights}
 * @param trained what trains: value, gradient and Adam's two moments, 16 bytes a scalar
 * @param row what one row of a micro-batch leaves for the way down: see {@link RowActivations}
 * @param work what does not grow with the rows: the logits of one chunk, one weight made of its
 *     quantised form, and the program itself
 * @param rows of a micro-batch
 */
public record MemoryNeed(long weights, long trained, long row, long work, int rows) {
  private static final long SCALAR = 4L * Float.BYTES;

  /** The trainer's JVM and libtorch, before anything is loaded. */
  private static final long PROGRAM = 640L << 20;

  static MemoryNeed of(ModelDirectory model, Tuner tuner, TrainingSpec spec, RowSizes data) {
    List<Slot> slots = tuner.slots();
    Hyperparameters training = spec.training();
    HeldWeights weights = HeldWeights.of(model, slots, spec);
    int sequences = spec.objective().pairs() ? 2 : 1;
    int tokens = tokens(model.config(), training, data) + tuner.virtualTokens().count();
    return new MemoryNeed(
        weights.bytes(),
        SCALAR * slots.stream().mapToLong(Slot::size).sum(),
        sequences * new RowActivations(model.config(), slots, spec, tokens).bytes(),
        PROGRAM + weights.unpacked() + logits(model.config(), slots, spec),
        Math.min(training.batching().perDeviceTrainBatchSize(), data.rows()));
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
    double copies = spec.training().precision() == Precision.BF16 ? 3 : 2;
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

  /** Bits of a weight that is quantised, by the settings or in the base's files; 0 = none is. */
  static int bits(@Nullable Quantization quantization, ModelDirectory model) {
    if (model.quantization() != null) return model.quantization().bits();
    return switch (quantization) {
      case null -> 0;
      case Quantization.FourBit _ -> 4;
      case Quantization.EightBit _ -> 8;
    };
  }

  /** All of it; beyond what a long holds it is the largest one. */
  public long bytes() {
    return (long) ((double) rows * row + weights + trained + work);
  }

  /** The same for a smaller micro-batch. */
  public MemoryNeed withRows(int fewer) {
    return new MemoryNeed(weights, trained, row, work, Math.min(rows, fewer));
  }
}
