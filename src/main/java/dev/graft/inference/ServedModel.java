package dev.graft.inference;

import dev.graft.artifacts.Digest;
import org.jspecify.annotations.Nullable;

/**
 * A model that a chat may name.
 *
 * @param base manifest of the base model's directory
 * @param adapter manifest of the PEFT directory on top, or null for the base alone
 */
record ServedModel(String name, Digest base, @Nullable Digest adapter) {}
