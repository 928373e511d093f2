package dev.graft.model;

import dev.graft.kernels.Statement;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.StoredWeight;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A method that consists of parts. */
class PartsTuner implements Tuner {
  private final List<Trainable> parts;

  public PartsTuner(List<Trainable> parts) {
    this.parts = List.copyOf(parts);
  }

  @Override
  public final List<Slot> slots() {
    return parts.stream().flatMap(part -> part.slots().stream()).toList();
  }

  @Override
  public final List<NamedTensor> start(long seed) {
    return parts.stream().flatMap(part -> part.start(seed).stream()).toList();
  }

  /** If two parts need the same tensor, the first provides it. */
  @Override
  public final List<NamedTensor> frozen(long seed) {
    Map<String, NamedTensor> frozen = new LinkedHashMap<>();
    for (Trainable part : parts) {
      for (NamedTensor each : part.frozen(seed)) frozen.putIfAbsent(each.name(), each);
    }
    return List.copyOf(frozen.values());
  }

  @Override
  public final long frozenBytes() {
    return parts.stream().mapToLong(Trainable::frozenBytes).sum();
  }

  @Override
  public final Set<String> kept() {
    return parts.stream().flatMap(part -> part.kept().stream()).collect(Collectors.toSet());
  }

  @Override
  public final Set<String> remembered() {
    return parts.stream().flatMap(part -> part.remembered().stream()).collect(Collectors.toSet());
  }

  @Override
  public final Set<String> factors() {
    return parts.stream().flatMap(part -> part.factors().stream()).collect(Collectors.toSet());
  }

  @Override
  public final String output(String ofBase) {
    String output = ofBase;
    for (Trainable part : parts) output = part.output(output);
    return output;
  }

  @Override
  public final Tuner.@Nullable OutputPart outputPart() {
    return first(Trainable::outputPart);
  }

  @Override
  public final List<Tuner.Derived> derived() {
    return parts.stream().flatMap(part -> part.derived().stream()).toList();
  }

  @Override
  public final Map<String, String> startsAs() {
    Map<String, String> all = new HashMap<>();
    for (Trainable part : parts) all.putAll(part.startsAs());
    return all;
  }

  @Override
  public final @Nullable StoredWeight requantised(Parameter parameter) {
    return first(part -> part.requantised(parameter));
  }

  @Override
  public final @Nullable Quantization requantisedAs(Parameter parameter) {
    return first(part -> part.requantisedAs(parameter));
  }

  /** Returns the first value of a part that is not null. */
  private <T> @Nullable T first(Function<Trainable, @Nullable T> value) {
    for (Trainable part : parts) {
      T of = value.apply(part);
      if (of != null) return of;
    }
    return null;
  }

  @Override
  public final Set<String> inPlace() {
    return parts.stream().flatMap(part -> part.inPlace().stream()).collect(Collectors.toSet());
  }

  @Override
  public final List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = statements;
    for (Trainable part : parts) rewritten = part.apply(prefix, rewritten);
    return rewritten;
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    Map<String, String> names = savedNames();
    return trained.stream()
        .map(
            each ->
                each.renamed(
                    names.getOrDefault(each.name(), SavedAdapter.PEFT_PREFIX + each.name())))
        .toList();
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    Map<String, String> slots = new HashMap<>();
    savedNames().forEach((slot, name) -> slots.put(name, slot));
    List<NamedTensor> read = new ArrayList<>();
    for (NamedTensor each : saved) {
      if (isSpare(each.name())) continue;
      read.add(each.renamed(slots.getOrDefault(each.name(), each.name())));
    }
    return read;
  }

  /**
   * Returns whether a tensor is a duplicate: with {@code bias: "all"} PEFT also saves the biases of
   * whole modules under its own names.
   */
  private static boolean isSpare(String name) {
    return name.endsWith(".modules_to_save.bias") || name.endsWith(".original_module.bias");
  }

  /** Returns PEFT's names of the slots and of kept tensors. */
  private Map<String, String> savedNames() {
    Map<String, String> names = new HashMap<>();
    for (Trainable part : parts) {
      for (Slot slot : part.slots()) names.put(slot.name(), part.savedName(slot.name()));
      for (String name : part.kept()) names.put(name, part.savedName(name));
    }
    return names;
  }

  /** Returns nothing if a part is not a product, as those that train beside factors. */
  @Override
  public final List<Tuner.LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    List<Tuner.LowRankUpdate> all = new ArrayList<>();
    for (Trainable part : parts) {
      if (part.slots().isEmpty()) continue;
      List<Tuner.LowRankUpdate> updates = part.plain(trained);
      if (updates.isEmpty()) return List.of();
      all.addAll(updates);
    }
    return all;
  }

  @Override
  public final @Nullable String unmergeable() {
    return first(Trainable::unmergeable);
  }

  @Override
  public final float[] merged(
      String name, Tuner.WeightRows rows, Map<String, NamedTensor> trained) {
    float[] merged = Tuner.super.merged(name, rows, trained);
    for (Trainable part : parts) {
      merged = part.merged(name, new Tuner.WeightRows(merged, rows.first()), trained);
    }
    return merged;
  }

  @Override
  public final boolean mergesByRows(String name) {
    return parts.stream().allMatch(part -> part.mergesByRows(name));
  }
}
