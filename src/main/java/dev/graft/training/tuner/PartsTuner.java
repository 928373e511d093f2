package dev.graft.training.tuner;

import dev.graft.training.program.Statement;
import dev.graft.weights.NamedTensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A method that is nothing but its parts. */
abstract class PartsTuner implements Tuner {
  private final List<Part> parts;

  PartsTuner(List<Part> parts) {
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

  @Override
  public final List<Statement> apply(String prefix, List<Statement> statements) {
    List<Statement> rewritten = statements;
    for (Part part : parts) rewritten = part.apply(prefix, rewritten);
    return rewritten;
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    Map<String, String> names = savedNames();
    return trained.stream()
        .map(each -> each.renamed(PEFT_PREFIX + names.getOrDefault(each.name(), each.name())))
        .toList();
  }

  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    Map<String, String> slots = new HashMap<>();
    savedNames().forEach((slot, name) -> slots.put(PEFT_PREFIX + name, slot));
    return saved.stream()
        .map(each -> each.renamed(slots.getOrDefault(each.name(), each.name())))
        .toList();
  }

  /** What PEFT calls the slots. */
  private Map<String, String> savedNames() {
    Map<String, String> names = new HashMap<>();
    for (Part part : parts) {
      for (Slot slot : part.slots()) names.put(slot.name(), part.saved(slot.name()));
    }
    return names;
  }

  @Override
  public final float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    float[] merged = Tuner.super.merged(name, stored, trained);
    for (Part part : parts) merged = part.merged(name, merged, trained);
    return merged;
  }
}
