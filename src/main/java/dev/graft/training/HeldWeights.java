package dev.graft.training;

import dev.graft.model.BaseWeights;
import dev.graft.model.Slot;
import dev.graft.model.Tuner;
import dev.graft.model.Tuner.Computed;
import dev.graft.model.Tuner.Derived;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.spec.TrainingSpec;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tensors on the device that do not train: the base's weights, and what a method adds. A tensor
 * that trains is among what trains instead; a quantised matrix has half a byte or a byte an element
 * and its scales, another one the element type of products, a vector f32. Where pairs are measured
 * from the base, it keeps its own copy of what the method changes.
 *
 * @param bytes of all
 * @param unpacked of what one matrix is made into for a product, where it does not lie there so, or
 *     of what one tensor is before it takes its place
 * @param turned of copies that make products faster, where there is room for them: see {@link
 *     BaseWeights#turnable}
 */
record HeldWeights(long bytes, long unpacked, long turned) {
  /** Elements that share a scale, see {@link dev.graft.weights.FourBitTensor}. */
  private static final int BLOCK = 64;

  static HeldWeights of(ModelDirectory model, Tuner tuner, TrainingSpec spec) {
    ModelConfig config = model.config();
    boolean half = spec.training().precision().half();
    Set<String> trained = tuner.slots().stream().map(Slot::name).collect(Collectors.toSet());
    Set<String> changed = new HashSet<>(tuner.kept());
    tuner.derived().forEach(each -> changed.add(each.name()));
    Base base = new Base(model, spec.quantization());
    long bytes = beside(tuner, config);
    long originals = 0;
    long unpacked = largestDerived(tuner);
    for (Parameter each : config.parameters()) {
      long size = size(each.shape());
      boolean matrix = each.shape().length > 1;
      QuantisedForm packing = base.packing(each, tuner);
      if (trained.contains(each.name()) || changed.contains(each.name())) {
        originals += Float.BYTES * size;
      }
      if (trained.contains(each.name())) {
        if (half && matrix) unpacked = Math.max(unpacked, 2 * size);
      } else if (packing != null) {
        bytes += packing.bytes(size);
        // As picked from the table, rounded, and in the element type of products.
        unpacked = Math.max(unpacked, 3L * Float.BYTES * size);
      } else {
        boolean narrow = half && matrix && !changed.contains(each.name());
        bytes += (narrow ? 2L : Float.BYTES) * size;
      }
    }
    return new HeldWeights(
        bytes + (keepsOriginals(spec) ? originals : 0), unpacked, turned(model, tuner, spec));
  }

  static long turned(ModelDirectory model, Tuner tuner, TrainingSpec spec) {
    if (spec.training().precision().half()) return 0;
    return BaseWeights.turnable(model, tuner, spec.quantization()).stream()
        .mapToLong(each -> Float.BYTES * size(each.shape()))
        .sum();
  }

  private static long size(long... shape) {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /** What a method adds: frozen tensors, those that follow from others, moments of ranks. */
  private static long beside(Tuner tuner, ModelConfig config) {
    Set<String> ofBase = config.parameterNames();
    long bytes = tuner.frozenBytes();
    for (Derived each : tuner.derived()) {
      if (!ofBase.contains(each.name())) bytes += Float.BYTES * size(each.shape());
    }
    Computed computed = tuner.computed();
    if (computed != null) bytes += 2 * Float.BYTES * size(computed.shape());
    if (tuner.allocated() != null) {
      bytes += 2 * Float.BYTES * tuner.slots().stream().mapToLong(Slot::size).sum();
    }
    return bytes;
  }

  private static long largestDerived(Tuner tuner) {
    return tuner.derived().stream()
        .mapToLong(each -> Float.BYTES * size(each.shape()))
        .max()
        .orElse(0);
  }

  /** How a matrix is quantised. */
  private record QuantisedForm(int bits, boolean nested) {
    static @Nullable QuantisedForm of(@Nullable Quantization quantization) {
      return switch (quantization) {
        case null -> null;
        case Quantization.FourBit four -> new QuantisedForm(4, four.doubleQuant());
        case Quantization.EightBit _ -> new QuantisedForm(8, false);
      };
    }

    long bytes(long size) {
      if (bits == 8) return size + size / BLOCK;
      return size / 2 + size / BLOCK * (nested ? 2 : Float.BYTES);
    }
  }

  /** What of a base is quantised: in its files, by the settings, or by the method. */
  private static final class Base {
    private final Set<String> quantised;
    private final @Nullable QuantisedForm packing;

    Base(ModelDirectory model, @Nullable Quantization asked) {
      ModelConfig config = model.config();
      var stored = model.quantization();
      packing = stored == null ? QuantisedForm.of(asked) : new QuantisedForm(stored.bits(), false);
      quantised =
          config.linearModules().stream()
              .map(each -> each.path() + ".weight")
              .filter(name -> packing != null && name.startsWith(config.basePrefix()))
              .collect(Collectors.toSet());
    }

    @Nullable QuantisedForm packing(Parameter parameter, Tuner tuner) {
      if (quantised.contains(parameter.name())) return packing;
      return QuantisedForm.of(tuner.requantisedAs(parameter));
    }
  }

  /** See {@code Reference}: without an adapter the model is measured from itself, beforehand. */
  private static boolean keepsOriginals(TrainingSpec spec) {
    return spec.preference() instanceof Preference.Dpo
        && !(spec.method() instanceof AdapterMethod.Full);
  }
}
