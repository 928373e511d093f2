package dev.graft.training.fit;

import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.training.tuner.part.Slot;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.config.ModelConfig;
import dev.graft.weights.config.ModelConfig.Parameter;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A base's weights on the device. A tensor that trains is among what trains instead; a quantised
 * matrix has half a byte or a byte an element and its scales, another one the element type of
 * products, a vector f32. Where pairs are measured from the base, it keeps its own copy of what
 * trains beside an adapter.
 *
 * @param bytes of all
 * @param unpacked of what one matrix is made into for a product, where it does not lie there so
 */
record HeldWeights(long bytes, long unpacked) {
  /** Elements that share a scale, see {@link dev.graft.weights.checkpoint.FourBitTensor}. */
  private static final int BLOCK = 64;

  static HeldWeights of(ModelDirectory model, List<Slot> slots, TrainingSpec spec) {
    ModelConfig config = model.config();
    int bits = MemoryNeed.bits(spec.quantization(), model);
    boolean nested = spec.quantization() instanceof Quantization.FourBit f && f.doubleQuant();
    boolean half = spec.training().precision() == Precision.BF16;
    Set<String> trained = slots.stream().map(Slot::name).collect(Collectors.toSet());
    Set<String> quantised =
        config.linearModules().stream()
            .map(each -> each.path() + ".weight")
            .filter(name -> bits > 0 && name.startsWith(config.basePrefix()))
            .collect(Collectors.toSet());
    long bytes = 0;
    long originals = 0;
    long unpacked = 0;
    for (Parameter each : config.parameters()) {
      long size = Arrays.stream(each.shape()).reduce(1, Math::multiplyExact);
      boolean matrix = each.shape().length > 1;
      if (trained.contains(each.name())) {
        originals += Float.BYTES * size;
        if (half && matrix) unpacked = Math.max(unpacked, 2 * size);
      } else if (quantised.contains(each.name())) {
        bytes += packed(size, bits, nested);
        // As picked from the table, rounded, and in the element type of products.
        unpacked = Math.max(unpacked, 3L * Float.BYTES * size);
      } else {
        bytes += (half && matrix ? 2L : Float.BYTES) * size;
      }
    }
    return new HeldWeights(bytes + (keepsOriginals(spec) ? originals : 0), unpacked);
  }

  private static long packed(long size, int bits, boolean nested) {
    if (bits == 8) return size + size / BLOCK;
    return size / 2 + size / BLOCK * (nested ? 2 : Float.BYTES);
  }

  /** See {@code Reference}: without an adapter the model is measured from itself, beforehand. */
  private static boolean keepsOriginals(TrainingSpec spec) {
    return spec.preference() instanceof Preference.Dpo
        && !(spec.method() instanceof AdapterMethod.Full);
  }
}
