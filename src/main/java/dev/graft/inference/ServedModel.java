package dev.graft.inference;

import dev.graft.artifacts.Digest;
import org.jspecify.annotations.Nullable;

/**
 * A model that a chat may name.
 *
 * @param base manifest of the base model's directory
 * @param trained manifest of a checkpoint whose weights take the place of the base's, or null
 * @param adapter manifest of the PEFT directory on top, or null for the base alone
 */
record ServedModel(String name, Digest base, @Nullable Digest trained, @Nullable Digest adapter) {
  private static final int SHOWN = 10;

  /** A base model, with an adapter on top or without. */
  ServedModel(String name, Digest base, @Nullable Digest adapter) {
    this(name, base, null, adapter);
  }

  /** What one process holds: the weights under any adapter. */
  record Weights(Digest base, @Nullable Digest trained) {}

  Weights weights() {
    return new Weights(base, trained);
  }

  /** OpenAI's {@code system_fingerprint}: changes when the files that answer do. */
  String fingerprint() {
    return "fp_" + base.hex().substring(0, SHOWN) + shown(trained) + shown(adapter);
  }

  private static String shown(@Nullable Digest own) {
    return own == null ? "" : "_" + own.hex().substring(0, SHOWN);
  }
}
