package dev.graft.model;

import dev.graft.spec.Lora;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.LoraInit.Eva;
import dev.graft.spec.Lora.LoraPatterns;
import dev.graft.weights.LinearTargets.AdaptedModules;
import dev.graft.weights.Leaf;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelConfig.Linear;
import dev.graft.weights.SafetensorsFile;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Ranks that data has given the linear layers of a LoRA, by module path; 0 = the module gets no
 * factors.
 */
public record LearnedRanks(Map<String, Integer> ranks) {
  public LearnedRanks {
    ranks = Map.copyOf(ranks);
  }

  /**
   * Those of factors that have trained already.
   *
   * @param trained of a checkpoint, by the names of slots
   */
  public static LearnedRanks of(Lora asked, ModelConfig base, SafetensorsFile trained) {
    Map<String, Integer> ranks = new HashMap<>();
    for (Linear each : adapted(asked, base).linears()) {
      MappedTensor a = trained.find(each.path() + LoraStart.A);
      ranks.put(each.path(), a == null ? 0 : Math.toIntExact(a.shape()[0]));
    }
    return new LearnedRanks(ranks);
  }

  private static AdaptedModules adapted(Lora method, ModelConfig base) {
    return AdaptedModules.of(method.targets(), method.extras().modulesToSave(), base);
  }

  /**
   * The method with these ranks, as PEFT writes it: every adapted module by its path, and patterns
   * for those that differ from {@code r} and {@code lora_alpha}. A module that has no rank here
   * keeps its own.
   */
  public Lora method(Lora asked, ModelConfig base) {
    AdaptedModules modules = adapted(asked, base);
    boolean adjusts =
        asked.initLoraWeights() instanceof Eva settings && settings.adjustScalingFactors();
    List<String> paths = new ArrayList<>();
    SortedMap<String, Integer> rankPattern = new TreeMap<>();
    SortedMap<String, Double> alphaPattern = new TreeMap<>();
    for (String path : paths(modules, base)) {
      int before = asked.rank(path);
      int rank = ranks.getOrDefault(path, before);
      if (rank == 0) continue;
      double alpha = asked.alpha(path);
      if (adjusts && rank != before) alpha *= (double) rank / before;
      paths.add(path);
      if (rank != asked.r()) rankPattern.put(path, rank);
      if (alpha != asked.loraAlpha()) alphaPattern.put(path, alpha);
    }
    return new Lora(
        asked.r(),
        asked.loraAlpha(),
        asked.loraDropout(),
        asked.targets().of(new TargetModules.Names(paths)),
        asked.initLoraWeights(),
        asked.variant(),
        new LoraPatterns(rankPattern, alphaPattern),
        asked.extras());
  }

  private static List<String> paths(AdaptedModules modules, ModelConfig base) {
    List<String> paths = new ArrayList<>();
    modules.tables().stream().map(Leaf::path).forEach(paths::add);
    modules.linears().stream().map(Linear::path).forEach(paths::add);
    if (modules.output()) paths.add(base.outputModule());
    return paths;
  }
}
