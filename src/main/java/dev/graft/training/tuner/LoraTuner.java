package dev.graft.training.tuner;

import dev.graft.spec.AdapterMethod.Lora;
import dev.graft.training.SavedResult;
import dev.graft.training.program.Statement;
import dev.graft.weights.AdaptedModules;
import dev.graft.weights.Leaf;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** LoRA (Hu et al. 2021) with what PEFT's {@code LoraConfig} lets train beside its factors. */
final class LoraTuner implements Tuner {
  private final Lora method;
  private final List<Part> parts;
  private final @Nullable OutputFactors output;

  LoraTuner(Lora method, ModelDirectory base) {
    this.method = method;
    ModelConfig config = base.config();
    List<String> toSave = method.extras().modulesToSave();
    SavedModules whole = SavedModules.of(toSave, base);
    AdaptedModules modules = AdaptedModules.of(method.targets(), toSave, config);
    List<ModelConfig.Linear> linears =
        modules.linears().stream().filter(each -> !whole.covers(each.path())).toList();
    List<Leaf> tables =
        modules.tables().stream().filter(each -> !whole.covers(each.path())).toList();
    Set<String> adapted =
        linears.stream().map(ModelConfig.Linear::path).collect(Collectors.toSet());
    Set<String> all = new HashSet<>(adapted);
    tables.forEach(each -> all.add(each.path()));
    if (modules.output()) all.add(config.outputModule());
    output = modules.output() ? new OutputFactors(method, base) : null;
    parts = new ArrayList<>();
    parts.add(new LinearFactors(method, linears, base));
    parts.add(new EmbeddingFactors(method, tables, base));
    if (output != null) parts.add(output);
    parts.add(new TrainedTokens(method.extras().trainableTokenIndices(), all, whole, base));
    parts.add(new TrainedBiases(method.variant().bias(), adapted, whole, config));
    parts.add(whole);
  }

  @Override
  public List<Slot> slots() {
    return parts.stream().flatMap(part -> part.slots().stream()).toList();
  }

  @Override
  public List<NamedTensor> start(long seed) {
    return parts.stream().flatMap(part -> part.start(seed).stream()).toList();
  }

  @Override
  public List<NamedTensor> frozen(long seed) {
    return parts.stream().flatMap(part -> part.frozen(seed).stream()).toList();
  }

  @Override
  public Set<String> kept() {
    return parts.stream().flatMap(part -> part.kept().stream()).collect(Collectors.toSet());
  }

  @Override
  public Set<String> remembered() {
    return parts.stream().flatMap(part -> part.remembered().stream()).collect(Collectors.toSet());
  }

  @Override
  public String output(String ofBase) {
    return output == null ? ofBase : output.output();
  }

  @Override
  public @Nullable OutputPart outputPart() {
    return parts.stream().map(Part::outputPart).filter(Objects::nonNull).findFirst().orElse(null);
  }

  @Override
  public List<Derived> derived() {
    return parts.stream().flatMap(part -> part.derived().stream()).toList();
  }

  @Override
  public Map<String, String> startsAs() {
    Map<String, String> all = new HashMap<>();
    for (Part part : parts) all.putAll(part.startsAs());
    return all;
  }

  @Override
  public List<Statement> apply(String prefix, List<Statement> statements) {
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
    List<NamedTensor> read = new ArrayList<>();
    for (NamedTensor each : saved) {
      if (isSpare(each.name())) continue;
      read.add(each.renamed(slots.getOrDefault(each.name(), each.name())));
    }
    return read;
  }

  @Override
  public @Nullable SavedResult converted(List<NamedTensor> values) {
    if (!method.initLoraWeights().changesBase()) return null;
    PlainLora plain = PlainLora.of(method, values);
    return new SavedResult(plain.method(), saved(plain.values()));
  }

  /** With {@code bias: "all"} PEFT saves the biases of whole modules under its own names, too. */
  private static boolean isSpare(String name) {
    return name.endsWith(".modules_to_save.bias") || name.endsWith(".original_module.bias");
  }

  /** What PEFT calls the slots and what is kept. */
  private Map<String, String> savedNames() {
    Map<String, String> names = new HashMap<>();
    for (Part part : parts) {
      for (Slot slot : part.slots()) names.put(slot.name(), part.saved(slot.name()));
      for (String name : part.kept()) names.put(name, part.saved(name));
    }
    return names;
  }

  @Override
  public @Nullable String unmergeable() {
    return parts.stream().map(Part::unmergeable).filter(Objects::nonNull).findFirst().orElse(null);
  }

  /** Factors alone; what else trains is no product. */
  @Override
  public List<LowRankUpdate> plain(Map<String, NamedTensor> trained) {
    List<LowRankUpdate> updates = new ArrayList<>();
    for (Part part : parts) {
      if (part instanceof LinearFactors factors) updates.addAll(factors.updates(trained));
      else if (!part.slots().isEmpty()) return List.of();
    }
    return updates;
  }

  @Override
  public float[] merged(String name, float[] stored, Map<String, NamedTensor> trained) {
    float[] merged = Tuner.super.merged(name, stored, trained);
    for (Part part : parts) merged = part.merged(name, merged, trained);
    return merged;
  }
}
