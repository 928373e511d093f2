package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.artifacts.Digest;
import java.nio.charset.StandardCharsets;

/**
 * An adapter that an engine should have.
 *
 * @param name that the engine is asked for: {@code department/alias}, or the adapter's own
 * @param base the engine's name of its base model
 */
record Served(String name, Adapter adapter, String base) {
  private static final int SHOWN = 12;

  /** Another for other files; it begins with the adapter's id. */
  String key() {
    byte[] content = (adapter.manifest() + "\n" + base).getBytes(StandardCharsets.UTF_8);
    return adapter.id() + "-" + Digest.of(content).hex().substring(0, SHOWN);
  }

  static String adapterId(String key) {
    return key.substring(0, Math.max(0, key.lastIndexOf('-')));
  }
}
