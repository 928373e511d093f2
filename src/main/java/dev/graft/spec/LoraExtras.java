package dev.graft.spec;

import java.util.List;

/**
 * What trains beside the factors of a LoRA.
 *
 * @param modulesToSave modules that train whole, by path or by a suffix after a dot
 * @param trainableTokenIndices rows of the input embedding that train
 */
public record LoraExtras(List<String> modulesToSave, List<Integer> trainableTokenIndices) {
  public static final LoraExtras NONE = new LoraExtras(List.of(), List.of());

  public LoraExtras {
    modulesToSave = List.copyOf(modulesToSave);
    trainableTokenIndices = List.copyOf(trainableTokenIndices);
  }
}
