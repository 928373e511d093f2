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

/** What a method adds to a base model: what trains, how it is saved, what becomes of it. */
public interface Tuner extends Trainable {
  /**
   * The tuner of a method.
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
   * The tensors of PEFT's {@code adapter_model.safetensors}.
   *
   * @param trained values of the slots, of {@link #kept} and of what is computed, last
   */
  default List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained;
  }

  /** These values from the tensors of a saved file: the inverse of {@link #saved}. */
  default List<NamedTensor> read(List<NamedTensor> saved) {
    return saved;
  }

  /**
   * The adapter in the form of a result, where it is not {@link #saved} under the method itself.
   *
   * @param values of the slots, of {@link #kept} and of {@link #remembered}
   */
  default @Nullable SavedResult converted(List<NamedTensor> values) {
    return null;
  }

  /**
   * Settings of {@code adapter_config.json} that training decided.
   *
   * @param kept values of {@link #kept}
   */
  default Map<String, Object> learnedSettings(List<NamedTensor> kept) {
    return Map.of();
  }

  /** The tensor computed from slots, if there is one. */
  default @Nullable Computed computed() {
    return null;
  }

  /** Tensors of layers that are parts of a slot or of what is computed. */
  default List<ColumnSlice> columns() {
    return List.of();
  }

  /** Modules whose ranks are allocated while training, and how; null = none. */
  default @Nullable Allocated allocated() {
    return null;
  }

  /**
   * @param modules among which the ranks are allocated
   */
  record Allocated(RankAllocation settings, List<AdaLoraTuner.RankTensors> modules) {}

  /** A copy of the base's tensor that trained takes its place. */
  @Override
  default float[] merged(String name, WeightRows rows, Map<String, NamedTensor> trained) {
    NamedTensor copy = trained.get(name);
    if (copy != null) {
      long row = copy.data().byteSize() / copy.shape()[0];
      copy.data().copyTo(rows.first() * row, MemorySegment.ofArray(rows.values()));
    }
    return rows.values();
  }

  /** The same of a whole tensor. */
  default float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    return merged(name, WeightRows.whole(stored), trained);
  }

  /**
   * A tensor that the layers see as trained, computed from slots: its gradient goes on to theirs.
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
   * A tensor that follows from others whenever they have changed. No gradient goes through it.
   *
   * @param name of the tensor
   * @param shape where the base has none of that name
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
   * What trains of the matrix that makes logits, where that matrix is not a slot itself.
   *
   * @param slot whose gradient is that of the last columns, as many as it has
   * @param rows name of a tensor with the rows of the matrix that the slot stands for; null = all
   */
  record OutputPart(String slot, @Nullable String rows) {}

  /**
   * What a method adds to a linear layer, as the product that plain LoRA has: {@code scale B A}.
   *
   * @param a (rank, in)
   * @param b (out, rank)
   */
  public record LowRankUpdate(Linear linear, int rank, float[] a, float[] b, double scale) {
    public LowRankUpdate {
      if (a.length != (long) rank * linear.inFeatures()
          || b.length != (long) rank * linear.outFeatures()) {
        throw new IllegalArgumentException(linear.path() + ": factors of another shape");
      }
    }
  }

  /**
   * Consecutive rows of a tensor of the base, in the layout that it is stored in.
   *
   * @param values may be changed
   * @param first index of the first of them; 0 for a vector, which is one row
   */
  public record WeightRows(float[] values, int first) {
    /** All rows. */
    public static WeightRows whole(float[] values) {
      return new WeightRows(values, 0);
    }
  }

  /**
   * What a result directory holds.
   *
   * @param method that its configuration names
   * @param tensors of its file, by PEFT's names; not copied, as those of a whole model are more
   *     than a heap holds: see {@link TrainableModel#trained}
   */
  public record SavedResult(AdapterMethod method, List<NamedTensor> tensors) {}
}
