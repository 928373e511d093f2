package dev.graft.spec;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * Trains some parameters of the base and freezes the others: the last layers and everything after
 * them, or the parameters whose names begin with a prefix.
 *
 * @param trainableLayers number of last layers to train; 0 = the prefixes apply
 * @param trainablePrefixes prefixes of parameter names; empty = the layers apply
 */
public record Freeze(int trainableLayers, List<String> trainablePrefixes) implements AdapterMethod {
  static final String TYPE = "freeze";

  private static final String LAYERS = "trainable_layers";
  private static final String PREFIXES = "trainable_prefixes";

  public Freeze {
    trainablePrefixes = List.copyOf(trainablePrefixes);
    if (trainableLayers < 0) throw new IllegalArgumentException("trainable_layers must be >= 0");
    if (trainableLayers > 0 != trainablePrefixes.isEmpty()) {
      throw new IllegalArgumentException("give either trainable_layers or trainable_prefixes");
    }
  }

  static Freeze read(Fields method) {
    Integer layers = method.integer(LAYERS, 1, 10_000);
    List<String> prefixes = method.texts(PREFIXES);
    if (layers != null && !prefixes.isEmpty()) {
      method.refuse(PREFIXES, "cannot be combined with trainable_layers: give only one of the two");
      prefixes = List.of();
    }
    if (!prefixes.isEmpty()) return new Freeze(0, prefixes);
    return new Freeze(layers == null ? 2 : layers, List.of());
  }

  @Override
  public void write(ObjectNode method) {
    method.put("type", TYPE);
    if (trainableLayers > 0) method.put(LAYERS, trainableLayers);
    Targets.writeNames(method, PREFIXES, trainablePrefixes);
  }
}
