package dev.graft.weights.gguf;

import java.util.List;

/** A key and its value in the head of a GGUF file. */
sealed interface GgufField {
  String key();

  record Text(String key, String value) implements GgufField {}

  record Texts(String key, List<String> values) implements GgufField {
    public Texts {
      values = List.copyOf(values);
    }
  }

  record Unsigned(String key, int value) implements GgufField {}

  record Signed(String key, int value) implements GgufField {}

  record Real(String key, float value) implements GgufField {}

  record Flag(String key, boolean value) implements GgufField {}

  /** INT32. */
  record Numbers(String key, int[] values) implements GgufField {}

  /** FLOAT32. */
  record Reals(String key, float[] values) implements GgufField {}
}
