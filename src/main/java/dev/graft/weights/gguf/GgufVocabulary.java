package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokens of a file, by their ids.
 *
 * @param types llama.cpp's numbers, one for each token
 * @param ids of the tokens' texts
 */
record GgufVocabulary(List<String> tokens, int[] types, Map<String, Integer> ids) {
  static final String TOKENS = "tokenizer.ggml.tokens";
  private static final String TYPES = "tokenizer.ggml.token_type";

  /** No vocabulary that is known has a third of it. */
  static final int MAX_TOKENS = 1 << 20;

  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;

  /**
   * @throws BadModel if there are none, or one stands there twice
   */
  static GgufVocabulary read(GgufKeys keys) {
    List<String> tokens = keys.texts(TOKENS, MAX_TOKENS);
    if (tokens == null || tokens.isEmpty()) throw keys.bad(TOKENS, "is missing");
    Map<String, Integer> ids = new HashMap<>();
    for (int id = 0; id < tokens.size(); id++) {
      Integer before = ids.put(tokens.get(id), id);
      if (before != null) {
        throw keys.bad(TOKENS, "holds the same text at %d and %d".formatted(before, id));
      }
    }
    float[] said = keys.numbers(TYPES, MAX_TOKENS);
    if (said == null) throw keys.bad(TYPES, "is missing; convert the model again");
    if (said.length != tokens.size()) {
      throw keys.bad(TYPES, "has %d entries for %d tokens".formatted(said.length, tokens.size()));
    }
    int[] types = new int[said.length];
    for (int id = 0; id < types.length; id++) types[id] = (int) said[id];
    return new GgufVocabulary(tokens, types, ids);
  }

  boolean isAdded(int id) {
    return types[id] == CONTROL || types[id] == USER_DEFINED;
  }

  boolean has(String token) {
    return ids.containsKey(token);
  }
}
