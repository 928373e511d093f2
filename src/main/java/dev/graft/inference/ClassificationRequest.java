package dev.graft.inference;

import java.util.List;

/**
 * Texts to label, checked.
 *
 * @param truncation whether a text that is too long is cut at its end, instead of refused
 * @param topK the most labels that are told of a text
 */
record ClassificationRequest(String model, List<String> texts, boolean truncation, int topK) {
  /** Texts of a request. */
  public static final int MAX_TEXTS = 256;

  /** Of a text, in a request: bounds the answer of a model with thousands of classes. */
  public static final int MAX_LABELS = 100;

  public ClassificationRequest {
    texts = List.copyOf(texts);
  }
}
