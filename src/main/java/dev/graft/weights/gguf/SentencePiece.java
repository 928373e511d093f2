package dev.graft.weights.gguf;

import dev.graft.weights.gguf.Merges.Merge;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * SentencePiece's BPE: spaces are {@code ▁}, bytes without a token are {@code <0x0A>}.
 *
 * @param prefixed whether a text begins with a space of the tokenizer's own
 * @param byPosition whether the order of tokens is that of their merges, as Gemma's is
 */
record SentencePiece(GgufVocabulary vocabulary, boolean prefixed, boolean byPosition) {
  private static final String SPACE = "\u2581";

  static SentencePiece of(GgufKeys keys, GgufVocabulary vocabulary) {
    boolean gemma = keys.requireText("general.architecture").startsWith("gemma");
    boolean prefixed = keys.flagOr("tokenizer.ggml.add_space_prefix", !gemma);
    return new SentencePiece(gemma ? spaced(keys, vocabulary) : vocabulary, prefixed, gemma);
  }

  /** Gemma's tokens of spaces alone are real spaces in the file. */
  private static GgufVocabulary spaced(GgufKeys keys, GgufVocabulary vocabulary) {
    List<String> tokens = new ArrayList<>();
    Map<String, Integer> ids = new HashMap<>();
    int[] types = vocabulary.types().clone();
    for (String each : vocabulary.tokens()) {
      String token = each.isBlank() ? each.replace(" ", SPACE) : each;
      if (!token.equals(each)) types[tokens.size()] = GgufVocabulary.NORMAL;
      if (ids.put(token, tokens.size()) != null) {
        throw keys.bad(
            GgufVocabulary.TOKENS, "holds the spaces of %d twice".formatted(tokens.size()));
      }
      tokens.add(token);
    }
    return new GgufVocabulary(tokens, types, ids);
  }

  void put(ObjectNode tokenizer) {
    ObjectNode normalizer = tokenizer.putObject("normalizer").put("type", "Sequence");
    ArrayNode steps = normalizer.putArray("normalizers");
    if (prefixed) steps.addObject().put("type", "Prepend").put("prepend", SPACE);
    replace(steps.addObject(), " ", SPACE);
    tokenizer.putNull("pre_tokenizer");
    ArrayNode back = tokenizer.putObject("decoder").put("type", "Sequence").putArray("decoders");
    replace(back.addObject(), SPACE, " ");
    back.addObject().put("type", "ByteFallback");
    back.addObject().put("type", "Fuse");
    if (prefixed)
      back.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
  }

  private static void replace(ObjectNode node, String from, String to) {
    node.put("type", "Replace").putObject("pattern").put("String", from);
    node.put("content", to);
  }

  List<Merge> merges(GgufKeys keys) {
    return Merges.ofScores(keys, vocabulary, byPosition);
  }
}
