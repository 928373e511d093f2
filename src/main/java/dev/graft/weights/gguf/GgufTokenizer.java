package dev.graft.weights.gguf;

import dev.graft.weights.gguf.Merges.Merge;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code tokenizer.json} and {@code tokenizer_config.json} of a file: byte-level BPE, or
 * SentencePiece's BPE in the form that {@code tokenizers} gives to it.
 */
final class GgufTokenizer {
  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PREFIX = "tokenizer.ggml.";

  private final GgufKeys keys;
  private final GgufVocabulary vocabulary;
  private final @Nullable PreTokenizer bytes;
  private final @Nullable SentencePiece pieces;

  /**
   * @throws dev.graft.weights.BadModel if it is another kind of tokenizer
   */
  GgufTokenizer(GgufKeys keys, GgufVocabulary vocabulary) {
    this.keys = keys;
    String model = keys.requireText(MODEL);
    switch (model) {
      case "gpt2" -> {
        bytes = PreTokenizer.of(keys);
        pieces = null;
      }
      case "llama" -> {
        bytes = null;
        pieces = SentencePiece.of(keys, vocabulary);
      }
      default -> throw keys.bad(MODEL, "is '" + model + "'; supported: gpt2, llama");
    }
    this.vocabulary = pieces == null ? vocabulary : pieces.vocabulary();
  }

  ObjectNode json() {
    ObjectNode tokenizer = Json.object();
    tokenizer.put("version", "1.0").putNull("truncation").putNull("padding");
    added(tokenizer.putArray("added_tokens"));
    ObjectNode model = Json.object().put("type", "BPE").putNull("dropout");
    List<Merge> merges;
    if (pieces == null) {
      PreTokenizer cut = Objects.requireNonNull(bytes);
      cut.put(tokenizer);
      frame(tokenizer, cut.addsBos());
      merges = Merges.stored(keys, vocabulary);
      model.putNull("unk_token").put("fuse_unk", false).put("byte_fallback", false);
      model.put("ignore_merges", cut.ignoreMerges());
    } else {
      pieces.put(tokenizer);
      frame(tokenizer, true);
      merges = pieces.merges(keys);
      put(model, "unk_token", named("unknown"));
      model.put("fuse_unk", true).put("byte_fallback", true).put("ignore_merges", false);
    }
    model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    ObjectNode ids = model.putObject("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) ids.put(token(id), id);
    ArrayNode list = model.putArray("merges");
    for (Merge each : merges) list.addArray().add(each.left()).add(each.right());
    tokenizer.set("model", model);
    return tokenizer;
  }

  private String token(int id) {
    return vocabulary.tokens().get(id);
  }

  /** Tokens that are found in a text before it is cut. */
  private void added(ArrayNode list) {
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      boolean unknown = vocabulary.types()[id] == GgufVocabulary.UNKNOWN;
      if (!vocabulary.isAdded(id) && !unknown) continue;
      ObjectNode token = list.addObject().put("id", id).put("content", token(id));
      token.put("single_word", false).put("lstrip", false).put("rstrip", false);
      token.put("normalized", false);
      token.put("special", vocabulary.types()[id] != GgufVocabulary.USER_DEFINED);
    }
  }

  /** What the tokenizer itself puts around a text. */
  private void frame(ObjectNode tokenizer, boolean addsBos) {
    String bos = keys.flagOr(PREFIX + "add_bos_token", addsBos) ? named("bos") : null;
    String eos = keys.flagOr(PREFIX + "add_eos_token", false) ? named("eos") : null;
    if (bos == null && eos == null) {
      tokenizer.putNull("post_processor");
      return;
    }
    ObjectNode frame = tokenizer.putObject("post_processor").put("type", "TemplateProcessing");
    ObjectNode special = Json.object();
    ArrayNode single = frame.putArray("single");
    text(single, bos, "A", eos, 0, special);
    ArrayNode pair = frame.putArray("pair");
    text(pair, bos, "A", eos, 0, special);
    text(pair, bos, "B", eos, 1, special);
    frame.set("special_tokens", special);
  }

  private void text(
      ArrayNode parts,
      @Nullable String bos,
      String sequence,
      @Nullable String eos,
      int type,
      ObjectNode special) {
    special(parts, bos, type, special);
    parts.addObject().putObject("Sequence").put("id", sequence).put("type_id", type);
    special(parts, eos, type, special);
  }

  private void special(ArrayNode parts, @Nullable String token, int type, ObjectNode special) {
    if (token == null) return;
    parts.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
    ObjectNode node = special.putObject(token).put("id", token);
    node.putArray("ids").add(vocabulary.ids().getOrDefault(token, 0));
    node.putArray("tokens").add(token);
  }

  /** The token of a key such as {@code bos_token_id}. */
  private @Nullable String named(String name) {
    Integer id = keys.integer(PREFIX + name + "_token_id", 0, vocabulary.tokens().size() - 1);
    return id == null ? null : token(id);
  }

  ObjectNode settings() {
    ObjectNode settings = Json.object().put("tokenizer_class", "PreTrainedTokenizerFast");
    settings.put("clean_up_tokenization_spaces", false);
    put(settings, "bos_token", named("bos"));
    put(settings, "eos_token", named("eos"));
    put(settings, "unk_token", named("unknown"));
    put(settings, "pad_token", named("padding"));
    return settings;
  }

  private static void put(ObjectNode node, String field, @Nullable String token) {
    if (token == null) node.putNull(field);
    else node.put(field, token);
  }
}
