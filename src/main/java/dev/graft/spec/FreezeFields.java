package dev.graft.spec;

import java.util.List;
import tools.jackson.databind.node.ObjectNode;

/** {@code {"type": "freeze"}}, in and out. */
final class FreezeFields {
  public static final String TYPE = "freeze";

  private static final String LAYERS = "trainable_layers";
  private static final String PREFIXES = "trainable_prefixes";
  private static final int DEFAULT_LAYERS = 2;

  private FreezeFields() {}

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
