package dev.graft.training.tuner.part;

import dev.graft.training.program.Statement;
import dev.graft.weights.checkpoint.StoredWeight;
import dev.graft.weights.config.ModelConfig.Parameter;
import dev.graft.weights.tensor.NamedTensor;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Something that a LoRA trains: factors of linear layers, biases, whole modules. */
public interface AdapterPart extends Rewrite {
  List<Slot> slots();

  /** Starts of the slots that do not begin as the base's tensor of their name. */
  default List<NamedTensor> start(long seed) {
    return List.of();
  }

  /** As {@code Tuner#outputPart}. */
  default @Nullable OutputPart outputPart() {
    return null;
  }

  /** As {@code Tuner#frozen}. */
  default List<NamedTensor> frozen(long seed) {
    return List.of();
  }

  /** As {@code Tuner#kept}. */
  default Set<String> kept() {
    return Set.of();
  }

  /** As {@code Tuner#remembered}. */
  default Set<String> remembered() {
    return Set.of();
  }

  /** As {@code Tuner#derived}. */
  default List<Derived> derived() {
    return List.of();
  }

  /** As {@code Tuner#startsAs}. */
  default Map<String, String> startsAs() {
    return Map.of();
  }

  /** As {@code Tuner#plain}, for this part alone. */
  default List<LowRankUpdate> updates(Map<String, NamedTensor> trained) {
    return List.of();
  }

  /** As {@code Tuner#requantised}. */
  default @Nullable StoredWeight requantised(Parameter parameter) {
    return null;
  }

  /** As {@code Tuner#inPlace}. */
  default Set<String> inPlace() {
    return Set.of();
  }

  @Override
  default List<Statement> apply(String prefix, List<Statement> statements) {
    return statements;
  }

  /**
   * What PEFT calls a slot, or one of {@link #kept}, in its file, after {@code Tuner#PEFT_PREFIX}.
   */
  default String saved(String name) {
    return name;
  }

  /** As {@code Tuner#unmergeable}, of this part alone. */
  default @Nullable String unmergeable() {
    return null;
  }

  /** As {@code Tuner#merged}, for this part alone. */
  default float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    return stored;
  }
}
