package dev.graft.model;

import dev.graft.weights.Rope;
import org.jspecify.annotations.Nullable;

/** An encoder under a classification: every token sees all others, and nothing rotates. */
sealed interface EncoderFamily extends Family permits BertFamily, DistilBertFamily {
  /** Every head has keys and values of its own. */
  int heads();

  @Override
  default @Nullable String output() {
    return null;
  }

  @Override
  default boolean bidirectional() {
    return true;
  }

  @Override
  default int headDim() {
    return config().hiddenSize() / heads();
  }

  @Override
  default int keyValueHeads() {
    return heads();
  }

  @Override
  default @Nullable Rope rope() {
    return null;
  }
}
