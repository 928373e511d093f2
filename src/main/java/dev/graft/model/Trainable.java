package dev.graft.model;

import dev.graft.kernels.Statement;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.StoredWeight;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What trains, and which other tensors that needs. */
interface Trainable extends Rewrite {
  /** What trains. A name of the base stands for a copy that takes its place. */
  List<Slot> slots();

  /**
   * Values before the first step of the slots that do not begin as the base's tensor of their name;
   * equal seeds give equal bits.
   */
  default List<NamedTensor> start(long seed) {
    return List.of();
  }

  /** Slots that start as a tensor of the base of another name, or of {@link #derived}. */
  default Map<String, String> startsAs() {
    return Map.of();
  }

  /** Tensors that neither train nor are the base's, and those that replace one of the base. */
  default List<NamedTensor> frozen(long seed) {
    return List.of();
  }

  /**
   * Bytes of {@link #frozen} on a device that are not those of a tensor of the base, known before
   * any is made.
   */
  default long frozenBytes() {
    return 0;
  }

  /** Names among {@link #frozen} of what belongs to the result although it does not train. */
  default Set<String> kept() {
    return Set.of();
  }

  /** Names among {@link #frozen} of what a checkpoint holds, and the result does not. */
  default Set<String> remembered() {
    return Set.of();
  }

  /** Slots and frozen tensors that are factors of low-rank paths beside linear layers. */
  default Set<String> factors() {
    return Set.of();
  }

  /** Tensors that follow from slots and from the base. */
  default List<Tuner.Derived> derived() {
    return List.of();
  }

  /** What trains of the matrix that makes logits, if that is less than the whole of it. */
  default Tuner.@Nullable OutputPart outputPart() {
    return null;
  }

  /** What takes the place of a weight of the base, as it lies on the device; null = nothing. */
  default @Nullable StoredWeight requantised(Parameter parameter) {
    return null;
  }

  /** How {@link #requantised} is quantised, which is known before it is made; null = nothing is. */
  default @Nullable Quantization requantisedAs(Parameter parameter) {
    return null;
  }

  /** Slots that are the base's own tensors, no copies: they stay when the adapter is off. */
  default Set<String> inPlace() {
    return Set.of();
  }

  @Override
  default List<Statement> apply(String prefix, List<Statement> statements) {
    return statements;
  }

  /** Why it cannot become part of the base's weights, as {@link #merged} makes them; null = can. */
  default @Nullable String unmergeable() {
    return null;
  }

  /**
   * Rows of a tensor of the base with what trained in them, where that can be merged.
   *
   * @param name of the base's tensor, such as {@code model.layers.0.self_attn.q_proj.weight}
   * @param rows all of them, unless {@link #mergesByRows}
   * @param trained values of the slots, by name
   */
  default float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    return rows.values();
  }

  /** Whether each row of the stored tensor can be merged without the others. */
  default boolean mergesByRows(String name) {
    return true;
  }

  /**
   * The same as updates of plain LoRA, for every adapted layer; empty if it has no such form.
   *
   * @param trained values of the slots and of what is kept, by name
   */
  default List<Tuner.LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    return List.of();
  }

  /** The numbers of a tensor that must be there. */
  static float[] floats(Map<String, NamedTensor> trained, String name) {
    return Objects.requireNonNull(trained.get(name), name).toFloats();
  }
}
