package dev.graft.model;

import dev.graft.spec.AdaLora;
import dev.graft.spec.AdaLora.RankAllocation;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Bottleneck;
import dev.graft.spec.Freeze;
import dev.graft.spec.Ia3;
import dev.graft.spec.LnTuning;
import dev.graft.spec.Lora;
import dev.graft.spec.Prompted.PTuning;
import dev.graft.spec.Prompted.PrefixTuning;
import dev.graft.spec.Prompted.PromptTuning;
import dev.graft.spec.Vera;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A method's additions to a base model: the tensors that train, and their saved and merged forms.
 */
public interface Tuner extends Trainable {
  /**
   * Returns the tuner of a method.
   *
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  static Tuner of(AdapterMethod method, ModelDirectory base) {
    return switch (method) {
      case Lora lora -> new LoraTuner(lora, base);
      case AdapterMethod.Full() -> FullTuner.all(base.config());
      case Freeze freeze -> FullTuner.of(freeze, base);
      case Bottleneck adapters -> new BottleneckTuner(adapters, base);
      case PromptTuning prompt -> new PromptedTuner.PromptTuner(prompt, base);
      case PTuning prompt -> new PromptedTuner.PromptEncoderTuner(prompt, base.config());
      case AdaLora adaLora -> new AdaLoraTuner(adaLora, base);
      case Ia3 ia3 -> Ia3Factors.tuner(ia3, base);
      case LnTuning norms -> FullTuner.TunedNorms.tuner(norms, base);
      case Vera vera -> VeraVectors.tuner(vera, base);
      case PrefixTuning prefix -> new PromptedTuner.PrefixTuner(prefix, base.config());
    };
  }

  /**
   * Returns the tensors of PEFT's {@code adapter_model.safetensors}.
   *
   * @param trained values of the slots, of {@link #kept} and, last, of the computed tensor
   */
  default List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained;
  }

  /** Returns these values from the tensors of a saved file: the inverse of {@link #saved}. */
  default List<NamedTensor> read(List<NamedTensor> saved) {
    return saved;
  }

  /**
   * Returns the adapter in the form of a result, if that is not {@link #saved} with the method
   * itself.
   *
   * @param values of the slots, of {@link #kept} and of {@link #remembered}
   */
  default @Nullable SavedResult converted(List<NamedTensor> values) {
    return null;
  }

  /**
   * Returns the settings of {@code adapter_config.json} that training determined.
   *
   * @param kept values of {@link #kept}
   */
  default Map<String, Object> learnedSettings(List<NamedTensor> kept) {
    return Map.of();
  }

  /** Returns the tensor computed from slots; null = none. */
  default @Nullable Computed computed() {
    return null;
  }

  /** Returns tensors of layers that are columns of a slot or of the computed tensor. */
  default List<ColumnSlice> columns() {
    return List.of();
  }

  /** Returns the allocation of ranks in training; null = none. */
  default @Nullable Allocated allocated() {
    return null;
  }

  /**
   * @param modules among which the ranks are allocated
   */
  record Allocated(RankAllocation settings, List<AdaLoraTuner.RankTensors> modules) {}

  /** Replaces the base's tensor by its trained copy. */
  @Override
  default float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    NamedTensor copy = trained.get(name);
    if (copy != null) {
      long row = copy.data().byteSize() / copy.shape()[0];
      copy.data().copyTo(rows.first() * row, MemorySegment.ofArray(rows.values()));
    }
    return rows.values();
  }

  /** Merges a whole tensor. */
  default float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    return merged(name, WeightRows.whole(stored), trained);
  }

  /**
   * A tensor computed from slots that layers treat as trained; its gradient is propagated to the
   * slots.
   *
   * @param name of the tensor
   * @param function TorchScript function of the list of the slots' values
   * @param slots names, in the order of that list
   */
  public record Computed(String name, long[] shape, String function, List<String> slots) {
    public Computed {
      slots = List.copyOf(slots);
    }
  }

  /**
   * Consecutive columns of a trained or computed matrix, as a tensor of a layer.
   *
   * @param of name of the matrix
   */
  record ColumnSlice(String name, String of, long start, long count) {}

  /**
   * A tensor that is recomputed whenever the tensors change that it depends on. No gradient passes
   * through it.
   *
   * @param name of the tensor
   * @param shape used if the base has no tensor of that name
   * @param update TorchScript that writes into it: a format for its own text, then those of the
   *     others
   * @param of names of the others
   */
  public record Derived(String name, long[] shape, String update, List<String> of) {
    public Derived {
      of = List.copyOf(of);
    }
  }

  /**
   * The part of the output matrix that trains, where the matrix is not a slot itself.
   *
   * @param slot whose gradient is that of the last columns of the matrix
   * @param rows name of a tensor with the indices of the rows that the slot represents; null = all
   */
  record OutputPart(String slot, @Nullable String rows) {}

  /**
   * A method's addition to a linear layer as the product of plain LoRA: {@code scale B A}.
   *
   * @param a (rank, in)
   * @param b (out, rank)
   */
  public record LowRankUpdate(Linear linear, int rank, float[] a, float[] b, double scale) {
    public LowRankUpdate {
      if (a.length != (long) rank * linear.inFeatures()
          || b.length != (long) rank * linear.outFeatures()) {
        throw new IllegalArgumentException(linear.path() + ": the factors have another shape");
      }
    }
  }

  /**
   * Consecutive rows of a tensor of the base, in its stored layout.
   *
   * @param values may be changed
   * @param first index of the first of them; 0 for a vector, which is one row
   */
  public record WeightRows(float[] values, int first) {
    /** Returns all rows of a tensor. */
    public static WeightRows whole(float[] values) {
      return new WeightRows(values, 0);
    }
  }

  /**
   * The contents of a result directory.
   *
   * @param method that its configuration names
   * @param tensors of its file, by PEFT's names; not copied, because those of a whole model exceed
   *     the heap: see {@link TrainableModel#trained}
   */
  public record SavedResult(AdapterMethod method, List<NamedTensor> tensors) {}
}
