package dev.graft.spec;

import java.util.List;

/**
 * Some parameters of the base train, the others stay: the last layers and what comes after them, or
 * those whose names begin with a prefix.
 *
 * @param trainableLayers from the last one on; 0 = the prefixes say it
 * @param trainablePrefixes beginnings of parameter names; empty = the layers say it
 */
public record Freeze(int trainableLayers, List<String> trainablePrefixes) implements AdapterMethod {
  public Freeze {
    trainablePrefixes = List.copyOf(trainablePrefixes);
    if (trainableLayers < 0) throw new IllegalArgumentException("trainable_layers must be >= 0");
    if (trainableLayers > 0 != trainablePrefixes.isEmpty()) {
      throw new IllegalArgumentException("give one of trainable_layers, trainable_prefixes");
    }
  }
}
