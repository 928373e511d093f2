package dev.graft.model;

import dev.graft.weights.SavedAdapter;

/** A part of a method: factors of linear layers, biases, whole modules. */
interface AdapterPart extends Trainable, Mergeable {
  /** What PEFT calls a slot, or one of {@link #kept}, in its file. */
  default String savedName(String name) {
    return SavedAdapter.PEFT_PREFIX + name;
  }
}
