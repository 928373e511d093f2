package dev.graft.spec;

import java.util.List;

/**
 * What trains beside the factors of a LoRA.
 *
 * @param modulesToSave modules that train whole, by path or by a suffix after a dot
 * @param trainableTokenIndices rows of the token table, or of the output matrix, that train
 */
public record LoraExtras(List<String> modulesToSave, TokenIndices trainableTokenIndices) {
  public static final LoraExtras NONE = new LoraExtras(List.of(), TokenIndices.NONE);

  public LoraExtras {
    modulesToSave = List.copyOf(modulesToSave);
  }
}
