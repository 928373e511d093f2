package dev.graft.model;

import dev.graft.kernels.Statement;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.StoredWeight;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The trained tensors of a method or of a part of it, and the other tensors that it needs. */
interface Trainable extends Rewrite {
  /** Returns the tensors that train. A name of the base denotes a copy that replaces it. */
  List<Slot> slots();

  /**
   * Returns start values of the slots that do not start as the base's tensor of their name. Equal
   * seeds give equal bits.
   */
  default List<NamedTensor> start(long seed) {
    return List.of();
  }

  /**
   * Returns the slots that start as a tensor of the base with another name, or as one of {@link
   * #derived}.
   */
  default Map<String, String> startsAs() {
    return Map.of();
  }

  /**
   * Returns tensors that neither train nor belong to the base, and those that replace one of the
   * base.
   */
  default List<NamedTensor> frozen(long seed) {
    return List.of();
  }

  /**
   * Returns the bytes of {@link #frozen} on a device beyond the base's tensors, without creating
   * them.
   */
  default long frozenBytes() {
    return 0;
  }

  /**
   * Returns the names among {@link #frozen} that belong to the result although they do not train.
   */
  default Set<String> kept() {
    return Set.of();
  }

  /** Returns the names among {@link #frozen} that a checkpoint holds but the result does not. */
  default Set<String> remembered() {
    return Set.of();
  }

  /**
   * Returns the slots and frozen tensors that are factors of low-rank paths beside linear layers.
   */
  default Set<String> factors() {
    return Set.of();
  }

  /** Returns tensors that are computed from slots and the base. */
  default List<Tuner.Derived> derived() {
    return List.of();
  }

  /** Returns the part of the output matrix that trains, if not the whole matrix trains. */
  default Tuner.@Nullable OutputPart outputPart() {
    return null;
  }

  /** Returns the weight that replaces one of the base on the device; null = none. */
  default @Nullable StoredWeight requantised(Parameter parameter) {
    return null;
  }

  /** Returns the quantisation of {@link #requantised} without creating it; null = none. */
  default @Nullable Quantization requantisedAs(Parameter parameter) {
    return null;
  }

  /**
   * Returns the slots that are the base's own tensors, not copies, and stay when the adapter is
   * off.
   */
  default Set<String> inPlace() {
    return Set.of();
  }

  @Override
  default List<Statement> apply(String prefix, List<Statement> statements) {
    return statements;
  }

  /** Returns why {@link #merged} cannot merge it into the base's weights; null = it can. */
  default @Nullable String unmergeable() {
    return null;
  }

  /**
   * Merges the trained values into rows of a tensor of the base.
   *
   * @param name of the base's tensor, such as {@code model.layers.0.self_attn.q_proj.weight}
   * @param rows all rows, unless {@link #mergesByRows}
   * @param trained values of the slots, by name
   */
  default float[] merged(String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    return rows.values();
  }

  /** Returns whether each row of the stored tensor can be merged without the others. */
  default boolean mergesByRows(String name) {
    return true;
  }

  /**
   * Returns the trained values as updates of plain LoRA, for every adapted layer; empty if there is
   * no such form.
   *
   * @param trained values of the slots and of kept tensors, by name
   */
  default List<Tuner.LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    return List.of();
  }

  /** Returns the name of a slot, or of one of {@link #kept}, in PEFT's file. */
  default String savedName(String name) {
    return SavedAdapter.PEFT_PREFIX + name;
  }

  /** Returns the numbers of a required tensor. */
  static float[] floats(Map<String, NamedTensor> trained, String name) {
    return Objects.requireNonNull(trained.get(name), name).toFloats();
  }
}
