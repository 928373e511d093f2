package dev.graft.spec;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/**
 * Some parameters of the base train, the others stay: the last layers and what comes after them, or
 * those whose names begin with a prefix.
 *
 * @param trainableLayers from the last one on; 0 = the prefixes say it
 * @param trainablePrefixes beginnings of parameter names; empty = the layers say it
 */
public record Freeze(int trainableLayers, List<String> trainablePrefixes) implements AdapterMethod {
  static final String TYPE = "freeze";

  private static final String LAYERS = "trainable_layers";
  private static final String PREFIXES = "trainable_prefixes";
  private static final int DEFAULT_LAYERS = 2;

  public Freeze {
    trainablePrefixes = List.copyOf(trainablePrefixes);
    if (trainableLayers < 0) throw new IllegalArgumentException("trainable_layers must be >= 0");
    if (trainableLayers > 0 != trainablePrefixes.isEmpty()) {
      throw new IllegalArgumentException("give one of trainable_layers, trainable_prefixes");
    }
  }

  static Freeze read(Fields method) {
    Integer layers = method.integer(LAYERS, 1, 10_000);
    List<String> prefixes = method.texts(PREFIXES);
    if (layers != null && !prefixes.isEmpty()) {
      method.refuse(PREFIXES, "contradicts " + LAYERS + ": give one of the two");
      prefixes = List.of();
    }
    if (!prefixes.isEmpty()) return new Freeze(0, prefixes);
    return new Freeze(layers == null ? DEFAULT_LAYERS : layers, List.of());
  }

  static void write(ObjectNode method, Freeze freeze) {
    method.put("type", TYPE);
    if (freeze.trainableLayers() > 0) method.put(LAYERS, freeze.trainableLayers());
    else freeze.trainablePrefixes().forEach(method.putArray(PREFIXES)::add);
  }
}
