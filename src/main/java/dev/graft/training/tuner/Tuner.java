package dev.graft.training.tuner;

import dev.graft.spec.method.AdaLora;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.spec.method.Bottleneck;
import dev.graft.spec.method.Freeze;
import dev.graft.spec.method.Ia3;
import dev.graft.spec.method.LnTuning;
import dev.graft.spec.method.PTuning;
import dev.graft.spec.method.PrefixTuning;
import dev.graft.spec.method.PromptTuning;
import dev.graft.spec.method.RankAllocation;
import dev.graft.spec.method.Vera;
import dev.graft.training.SavedResult;
import dev.graft.training.tuner.part.ColumnSlice;
import dev.graft.training.tuner.part.Computed;
import dev.graft.training.tuner.part.Derived;
import dev.graft.training.tuner.part.LowRankUpdate;
import dev.graft.training.tuner.part.OutputPart;
import dev.graft.training.tuner.part.RankTensors;
import dev.graft.training.tuner.part.Rewrite;
import dev.graft.training.tuner.part.Slot;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.checkpoint.StoredWeight;
import dev.graft.weights.config.ModelConfig.Parameter;
import dev.graft.weights.tensor.NamedTensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a method adds to a base model. */
public interface Tuner extends Rewrite {
  /** What {@code save_pretrained} puts before a module path. */
  String PEFT_PREFIX = "base_model.model.";

  /**
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  static Tuner of(AdapterMethod method, ModelDirectory base) {
    return switch (method) {
      case AdapterMethod.Lora lora -> new LoraTuner(lora, base);
      case AdapterMethod.Full() -> FullTuner.all(base.config());
      case Freeze freeze -> FullTuner.of(freeze, base);
      case Bottleneck adapters -> new BottleneckTuner(adapters, base);
      case PromptTuning prompt -> new PromptTuner(prompt, base);
      case PTuning prompt -> new PromptEncoderTuner(prompt, base.config());
      case AdaLora adaLora -> new AdaLoraTuner(adaLora, base);
      case Ia3 ia3 -> Ia3Factors.tuner(ia3, base);
      case LnTuning norms -> TunedNorms.tuner(norms, base);
      case Vera vera -> new VeraTuner(vera, base);
      case PrefixTuning prefix -> new PrefixTuner(prefix, base.config());
    };
  }

  /** What trains. A name of the base stands for a copy that takes its place. */
  List<Slot> slots();

  /**
   * Values before the first step of the slots that do not begin as the base's tensor of their name;
   * equal seeds give equal bits.
   */
  List<NamedTensor> start(long seed);

  /** Tensors that neither train nor are the base's, and those that replace one of the base. */
  default List<NamedTensor> frozen(long seed) {
    return List.of();
  }

  /** The tensor computed from slots, if there is one. */
  default @Nullable Computed computed() {
    return null;
  }

  /** Tensors that follow from slots and from the base. */
  default List<Derived> derived() {
    return List.of();
  }

  /** Slots that start as a tensor of the base of another name, or of {@link #derived}. */
  default Map<String, String> startsAs() {
    return Map.of();
  }

  /** What trains of the matrix that makes logits, if that is less than the whole of it. */
  default @Nullable OutputPart outputPart() {
    return null;
  }

  /** What takes the place of a weight of the base, as it lies on the device; null = nothing. */
  default @Nullable StoredWeight requantised(Parameter parameter) {
    return null;
  }

  /** Slots that are the base's own tensors, no copies: they stay when the adapter is off. */
  default Set<String> inPlace() {
    return Set.of();
  }

  /** Tensors of layers that are parts of a slot or of what is computed. */
  default List<ColumnSlice> columns() {
    return List.of();
  }

  /** Names among {@link #frozen} of what belongs to the result although it does not train. */
  default Set<String> kept() {
    return Set.of();
  }

  /** Names among {@link #frozen} of what a checkpoint holds, and the result does not. */
  default Set<String> remembered() {
    return Set.of();
  }

  /** Modules whose ranks are allocated while training, and how; null = none. */
  default @Nullable Allocated allocated() {
    return null;
  }

  /**
   * @param modules among which the ranks are allocated
   */
  record Allocated(RankAllocation settings, List<RankTensors> modules) {}

  /**
   * Settings of {@code adapter_config.json} that training decided.
   *
   * @param kept values of {@link #kept}
   */
  default Map<String, Object> learnedSettings(List<NamedTensor> kept) {
    return Map.of();
  }

  /**
   * The tensors of PEFT's {@code adapter_model.safetensors}, from the values of the slots, of
   * {@link #kept} and of what is computed, last.
   */
  default List<NamedTensor> saved(List<NamedTensor> trained) {
    return trained.stream().map(each -> each.renamed(PEFT_PREFIX + each.name())).toList();
  }

  /**
   * The adapter in the form of a result, where it is not {@link #saved} under the method itself.
   *
   * @param values of the slots, of {@link #kept} and of {@link #remembered}
   */
  default @Nullable SavedResult converted(List<NamedTensor> values) {
    return null;
  }

  /** These values from the tensors of a saved file: the inverse of {@link #saved}. */
  default List<NamedTensor> read(List<NamedTensor> saved) {
    return saved.stream()
        .map(
            each ->
                each.name().startsWith(PEFT_PREFIX)
                    ? each.renamed(each.name().substring(PEFT_PREFIX.length()))
                    : each)
        .toList();
  }

  /**
   * The same adapter as updates of plain LoRA, for every adapted layer; empty if it has no such
   * form.
   *
   * @param trained values of the slots and of {@link #kept}, by name
   */
  default List<LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    return List.of();
  }

  /**
   * Why the adapter cannot become part of the base's weights, as {@link #merged} makes them; null
   * if it can.
   */
  default @Nullable String unmergeable() {
    return null;
  }

  /**
   * A tensor of the base with the adapter in it, for methods that can be merged.
   *
   * @param name of the base's tensor, such as {@code model.layers.0.self_attn.q_proj.weight}
   * @param stored its values, in the stored layout; may be changed
   * @param trained values of the slots, by name
   */
  default float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    NamedTensor copy = trained.get(name);
    return copy == null ? stored : copy.toFloats();
  }
}
