package dev.graft.model;

import dev.graft.spec.AdaLora;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * AdaLoRA (Zhang et al. 2023). Which ranks are left is kept as a mask for each module; the file has
 * those ranks only, and the configuration says which they were.
 */
final class AdaLoraTuner extends PartsTuner {
  private final AdaLora method;
  private final List<RankTensors> modules;

  public AdaLoraTuner(AdaLora method, ModelDirectory base) {
    this(method, new AdaLoraFactors(method, AdaptedLayers.of(method, base)), base);
  }

  private AdaLoraTuner(AdaLora method, AdaLoraFactors factors, ModelDirectory base) {
    super(factors.layers().with(factors, method.bias(), base.config()));
    this.method = method;
    modules = factors.modules();
    Set<String> known = modules.stream().map(RankTensors::e).collect(Collectors.toSet());
    for (String each : method.rankPattern().keySet()) {
      if (!known.contains(each)) {
        throw new IllegalArgumentException("rank_pattern: '%s' is not adapted".formatted(each));
      }
    }
  }

  @Override
  public Allocated allocated() {
    return new Allocated(method.allocation(), modules);
  }

  /** PEFT's {@code rank_pattern}, if a rank is gone. */
  @Override
  public Map<String, Object> learnedSettings(List<NamedTensor> kept) {
    Map<String, NamedTensor> masks = NamedTensor.byName(kept);
    Map<String, List<Boolean>> pattern = new TreeMap<>();
    for (RankTensors each : modules) pattern.put(each.e(), left(masks, each));
    boolean pruned = pattern.values().stream().anyMatch(left -> left.contains(false));
    return pruned ? Map.of("rank_pattern", pattern) : Map.of();
  }

  private static List<Boolean> left(Map<String, NamedTensor> masks, RankTensors module) {
    NamedTensor mask = Objects.requireNonNull(masks.get(module.pattern()), module.pattern());
    List<Boolean> left = new ArrayList<>();
    for (float each : mask.toFloats()) left.add(each != 0);
    return left;
  }

  @Override
  public List<NamedTensor> saved(List<NamedTensor> trained) {
    Map<String, NamedTensor> byName = NamedTensor.byName(trained);
    Map<String, NamedTensor> pruned = new HashMap<>();
    for (RankTensors each : modules) {
      AdaLoraMask mask = new AdaLoraMask(left(byName, each));
      NamedTensor a = Objects.requireNonNull(byName.get(each.a()), each.a());
      NamedTensor b = Objects.requireNonNull(byName.get(each.b()), each.b());
      NamedTensor e = Objects.requireNonNull(byName.get(each.e()), each.e());
      pruned.put(each.a(), mask.rows(a));
      pruned.put(each.b(), mask.columns(b));
      pruned.put(each.e(), mask.rows(e));
    }
    Set<String> masks = kept();
    return super.saved(
        trained.stream()
            .filter(each -> !masks.contains(each.name()))
            .map(each -> pruned.getOrDefault(each.name(), each))
            .toList());
  }

  /** The ranks of a file are all there. */
  @Override
  public List<NamedTensor> read(List<NamedTensor> saved) {
    List<NamedTensor> read = new ArrayList<>(super.read(saved));
    Map<String, NamedTensor> byName = NamedTensor.byName(read);
    for (RankTensors each : modules) {
      NamedTensor e = byName.get(each.e());
      if (e != null) read.add(each.unmasked((int) e.shape()[0]));
    }
    return read;
  }
}
