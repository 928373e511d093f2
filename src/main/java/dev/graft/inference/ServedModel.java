package dev.graft.inference;

import dev.graft.artifacts.Digest;
import org.jspecify.annotations.Nullable;

/**
 * A model that a chat may name.
 *
 * @param base manifest of the base model's directory
 * @param adapter manifest of the PEFT directory on top, or null for the base alone
 */
record ServedModel(String name, Digest base, @Nullable Digest adapter) {
  private static final int SHOWN = 10;

  /** OpenAI's {@code system_fingerprint}: changes when the files that answer do. */
  String fingerprint() {
    String own = adapter == null ? "" : "_" + adapter.hex().substring(0, SHOWN);
    return "fp_" + base.hex().substring(0, SHOWN) + own;
  }
}
