package dev.graft.model;

import dev.graft.spec.Lora.LoraVariant.Bias;
import dev.graft.weights.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * PEFT's {@code bias}: biases of the base that train beside the factors. Those of adapted modules
 * have another name in its file, because its layers wrap them.
 *
 * @param adapted paths of the modules with factors
 * @param whole what trains anyway
 */
record TrainedBiases(Bias bias, Set<String> adapted, SavedModules whole, ModelConfig config)
    implements AdapterPart {
  private static final String BIAS = ".bias";

  public TrainedBiases {
    adapted = Set.copyOf(adapted);
  }

  @Override
  public List<Slot> slots() {
    List<Slot> slots = new ArrayList<>();
    for (ModelConfig.Parameter each : config.parameters()) {
      if (!each.name().endsWith(BIAS) || whole.trains(each.name())) continue;
      boolean trains =
          switch (bias) {
            case NONE -> false;
            case ALL -> true;
            case LORA_ONLY -> adapted.contains(each.module());
          };
      if (trains) slots.add(Slot.of(each));
    }
    return slots;
  }

  @Override
  public Set<String> inPlace() {
    return slots().stream().map(Slot::name).collect(Collectors.toSet());
  }

  @Override
  public String savedName(String slot) {
    String module = slot.substring(0, slot.length() - BIAS.length());
    return AdapterPart.super.savedName(
        adapted.contains(module) ? module + ".base_layer" + BIAS : slot);
  }
}
