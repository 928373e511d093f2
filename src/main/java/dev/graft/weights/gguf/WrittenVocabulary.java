package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The tokens of a tokenizer.json by their ids, as many as the token table has rows.
 *
 * @param types llama.cpp's numbers, one for each token
 * @param ids of the tokens' texts as tokenizer.json has them
 * @param merges two tokens each
 * @param pieces whether it is SentencePiece's, whose bytes are tokens
 */
record WrittenVocabulary(
    List<String> tokens,
    int[] types,
    Map<String, Integer> ids,
    List<Merges.Merge> merges,
    boolean pieces,
    boolean gemma) {
  private static final int UNUSED = 5;
  private static final int BYTE = 6;
  private static final String SPACE = "\u2581";

  /**
   * @param size rows of the token table
   * @throws BadModel if it has more tokens
   */
  static WrittenVocabulary of(JsonNode tokenizer, int size, boolean gemma) {
    JsonNode model = tokenizer.path("model");
    boolean pieces = model.path("byte_fallback").asBoolean(false);
    @Nullable String[] tokens = new @Nullable String[size];
    int[] types = new int[size];
    Arrays.fill(types, UNUSED);
    Map<String, Integer> ids = new HashMap<>();
    model
        .path("vocab")
        .forEachEntry(
            (token, id) -> {
              boolean isByte = pieces && token.matches("<0x[0-9A-F]{2}>");
              set(tokens, ids, token, id.asInt(-1));
              types[id.asInt()] = isByte ? BYTE : GgufVocabulary.NORMAL;
            });
    for (JsonNode each : tokenizer.path("added_tokens")) {
      int id = each.path("id").asInt(-1);
      set(tokens, ids, each.path("content").asString(""), id);
      types[id] =
          each.path("special").asBoolean(false)
              ? GgufVocabulary.CONTROL
              : GgufVocabulary.USER_DEFINED;
    }
    Integer unknown = pieces ? ids.get(model.path("unk_token").asString("")) : null;
    if (unknown != null) types[unknown] = GgufVocabulary.UNKNOWN;
    List<String> all = new ArrayList<>();
    for (String token : tokens) {
      boolean spaces = gemma && token != null && token.matches(SPACE + "{2,}");
      if (spaces) types[all.size()] = GgufVocabulary.USER_DEFINED;
      if (token == null) all.add("[PAD" + all.size() + "]");
      else all.add(spaces ? token.replace(SPACE, " ") : token);
    }
    return new WrittenVocabulary(List.copyOf(all), types, ids, merges(tokenizer), pieces, gemma);
  }

  private static void set(
      @Nullable String[] tokens, Map<String, Integer> ids, String token, int id) {
    if (id < 0 || id >= tokens.length) {
      throw new BadModel(
          "tokenizer.json: token %d is beyond the %d of config.json".formatted(id, tokens.length));
    }
    if (tokens[id] != null && !token.equals(tokens[id])) {
      throw new BadModel("tokenizer.json: two tokens have the id " + id);
    }
    tokens[id] = token;
    ids.put(token, id);
  }

  /** In either spelling: two texts, or one with a space between them. */
  static List<Merges.Merge> merges(JsonNode tokenizer) {
    List<Merges.Merge> merges = new ArrayList<>();
    for (JsonNode each : tokenizer.at("/model/merges")) {
      if (each.isArray()) {
        merges.add(new Merges.Merge(each.path(0).asString(""), each.path(1).asString("")));
      } else {
        String text = each.asString("");
        int space = Math.max(0, text.indexOf(' ', 1));
        merges.add(
            new Merges.Merge(
                text.substring(0, space), text.substring(Math.min(text.length(), space + 1))));
      }
    }
    return merges;
  }

  List<GgufField> fields() {
    List<GgufField> fields = new ArrayList<>();
    fields.add(new GgufField.Texts(GgufVocabulary.TOKENS, tokens));
    fields.add(new GgufField.Numbers("tokenizer.ggml.token_type", types));
    if (pieces) {
      fields.add(new GgufField.Reals("tokenizer.ggml.scores", scores()));
    } else {
      fields.add(
          new GgufField.Texts(
              "tokenizer.ggml.merges",
              merges.stream().map(each -> each.left() + " " + each.right()).toList()));
    }
    return fields;
  }

  /** The earlier a token is merged, the better; Gemma's are merged in the order of their ids. */
  private float[] scores() {
    float[] scores = new float[tokens.size()];
    for (int id = 0; gemma && id < scores.length; id++) scores[id] = -id;
    if (gemma) return scores;
    for (int rank = merges.size() - 1; rank >= 0; rank--) {
      Integer id = ids.get(merges.get(rank).left() + merges.get(rank).right());
      if (id != null) scores[id] = -rank - 1;
    }
    return scores;
  }
}
