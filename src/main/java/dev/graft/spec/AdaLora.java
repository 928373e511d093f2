package dev.graft.spec;

import dev.graft.spec.LoraVariant.Bias;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * AdaLoRA (Zhang et al. 2023): {@code y = Wx + lora_alpha / init_r B (E * (A x))}, a factor E for
 * each rank; ranks are taken away where they matter least.
 *
 * @param r means nothing; PEFT saves it
 * @param initLoraWeights A and B start as N(0, 0.02) and E at 0; false: all as N(0, 1)
 * @param bias which biases of the base train
 * @param rankPattern which ranks of the start are left, by module path and {@code .lora_E}: what a
 *     training decided; empty before one
 */
public record AdaLora(
    RankAllocation allocation,
    int r,
    double loraAlpha,
    double loraDropout,
    Targets targets,
    boolean initLoraWeights,
    Bias bias,
    SortedMap<String, List<Boolean>> rankPattern,
    List<String> modulesToSave)
    implements AdapterMethod.Targeted {
  public AdaLora {
    rankPattern = Collections.unmodifiableSortedMap(new TreeMap<>(rankPattern));
    modulesToSave = List.copyOf(modulesToSave);
    if (!(loraAlpha > 0)) throw new IllegalArgumentException("lora_alpha must be > 0");
    if (!(loraDropout >= 0 && loraDropout < 1)) {
      throw new IllegalArgumentException("lora_dropout must be in [0, 1)");
    }
    for (List<Boolean> each : rankPattern.values()) {
      if (each.size() != allocation.initR()) {
        throw new IllegalArgumentException("rank_pattern must have init_r entries a module");
      }
    }
  }

  /** What the path is multiplied by: of the first rank, also when ranks are gone. */
  public double scale() {
    return loraAlpha / (allocation.initR() + 1e-5);
  }

  /** Ranks of a module. */
  public int rank(String module) {
    List<Boolean> left = rankPattern.get(module + ".lora_E");
    return left == null ? allocation.initR() : Collections.frequency(left, true);
  }
}
