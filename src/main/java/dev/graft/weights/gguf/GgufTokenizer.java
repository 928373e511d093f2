package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.gguf.GgufTokenizer.GgufVocabulary;
import dev.graft.weights.gguf.GgufTokenizer.Merges.Merge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Creates the {@code tokenizer.json} and {@code tokenizer_config.json} of a file: byte-level BPE,
 * or SentencePiece's BPE in the form of {@code tokenizers}.
 */
final class GgufTokenizer {
  private static final String MODEL = "tokenizer.ggml.model";
  private static final String PREFIX = "tokenizer.ggml.";

  private final GgufFile.GgufKeys keys;
  private final GgufVocabulary vocabulary;
  private final @Nullable PreTokenizer bytes;
  private final @Nullable SentencePiece pieces;

  /**
   * @throws dev.graft.weights.BadModel for another kind of tokenizer
   */
  GgufTokenizer(GgufFile.GgufKeys keys, GgufVocabulary vocabulary) {
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

  /** Adds the tokens that are found in a text before it is split. */
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

  /** Adds the tokens that the tokenizer adds around a text. */
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

  /** Returns the token of a key such as {@code bos_token_id}. */
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

  /**
   * The tokens of a file by their ids.
   *
   * @param types llama.cpp's type number of each token
   * @param ids ids by the texts of the tokens
   */
  record GgufVocabulary(List<String> tokens, int[] types, Map<String, Integer> ids) {
    static final String TOKENS = "tokenizer.ggml.tokens";
    private static final String TYPES = "tokenizer.ggml.token_type";

    /** More than three times the largest known vocabulary. */
    static final int MAX_TOKENS = 1 << 20;

    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;

    /**
     * @throws BadModel if there are none, or one occurs twice
     */
    static GgufVocabulary read(GgufFile.GgufKeys keys) {
      List<String> tokens = keys.texts(TOKENS, MAX_TOKENS);
      if (tokens == null || tokens.isEmpty()) throw keys.bad(TOKENS, "is missing");
      Map<String, Integer> ids = new HashMap<>();
      for (int id = 0; id < tokens.size(); id++) {
        Integer before = ids.put(tokens.get(id), id);
        if (before != null) {
          throw keys.bad(TOKENS, "contains the same text at %d and %d".formatted(before, id));
        }
      }
      float[] numbers = keys.numbers(TYPES, MAX_TOKENS);
      if (numbers == null) throw keys.bad(TYPES, "is missing; convert the model again");
      if (numbers.length != tokens.size()) {
        throw keys.bad(
            TYPES, "has %d entries for %d tokens".formatted(numbers.length, tokens.size()));
      }
      int[] types = new int[numbers.length];
      for (int id = 0; id < types.length; id++) types[id] = (int) numbers[id];
      return new GgufVocabulary(tokens, types, ids);
    }

    boolean isAdded(int id) {
      return types[id] == CONTROL || types[id] == USER_DEFINED;
    }

    boolean has(String token) {
      return ids.containsKey(token);
    }
  }

  /**
   * How text is split before its bytes are merged: llama.cpp's names of the tokenizers that it
   * supports (llama-vocab.cpp), with the settings in the tokenizer.json of their models.
   *
   * @param pattern pattern of the pieces; empty for GPT-2's own
   * @param digits whether digits are first split off one by one
   * @param nfc whether text is first normalised to NFC
   * @param ignoreMerges whether a piece that is a token is not merged
   * @param addsBos whether a text begins with the bos token by default
   */
  record PreTokenizer(
      String pattern, boolean digits, boolean nfc, boolean ignoreMerges, boolean addsBos) {
    private static final String PRE = "tokenizer.ggml.pre";
    private static final String WORDS =
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
    private static final String REST =
        "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String LLAMA3 = WORDS + "|\\p{N}{1,3}" + REST;
    private static final String QWEN2 = WORDS + "|\\p{N}" + REST;
    private static final String TEKKEN =
        "[^\\r"
            + "\\n"
            + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r"
            + "\\n"
            + "\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}|"
            + " ?[^\\s\\p{L}\\p{N}]+[\\r"
            + "\\n"
            + "/]*|\\s*[\\r"
            + "\\n"
            + "]+|\\s+(?!\\S)|\\s+";

    private static final PreTokenizer LLAMA = new PreTokenizer(LLAMA3, false, false, true, true);
    private static final PreTokenizer GPT2 = new PreTokenizer("", false, false, false, false);
    private static final PreTokenizer DIGITS = new PreTokenizer("", true, false, false, false);

    private static final Map<String, PreTokenizer> NAMED =
        Map.ofEntries(
            Map.entry("llama3", LLAMA),
            Map.entry("llama-v3", LLAMA),
            Map.entry("llama-bpe", LLAMA),
            Map.entry("dbrx", new PreTokenizer(LLAMA3, false, false, false, false)),
            Map.entry("smaug-bpe", new PreTokenizer(LLAMA3, false, false, false, false)),
            Map.entry("tekken", new PreTokenizer(TEKKEN, false, false, true, true)),
            Map.entry("qwen2", new PreTokenizer(QWEN2, false, true, false, false)),
            Map.entry("deepseek-r1-qwen", new PreTokenizer(QWEN2, false, false, false, false)),
            Map.entry("gpt-2", GPT2),
            Map.entry("olmo", GPT2),
            Map.entry("smollm", DIGITS),
            Map.entry("starcoder", DIGITS),
            Map.entry("refact", DIGITS));

    static PreTokenizer of(GgufFile.GgufKeys keys) {
      String name = keys.text(PRE);
      PreTokenizer found = name == null ? null : NAMED.get(name);
      if (found != null) return found;
      throw keys.bad(
          PRE,
          "%s; supported: %s. Another pre-tokenizer would split texts differently than in training"
              .formatted(
                  name == null ? "is missing" : "is '" + name + "'",
                  String.join(", ", new TreeSet<>(NAMED.keySet()))));
    }

    /** The most common name in llama.cpp's converter for each pre-tokenizer. */
    private static final List<String> WRITTEN =
        List.of("llama-bpe", "tekken", "dbrx", "qwen2", "deepseek-r1-qwen", "gpt-2", "smollm");

    /**
     * Returns llama.cpp's name for the way a tokenizer.json splits text.
     *
     * @throws BadModel if it has none
     */
    static String nameOf(WrittenTokenizer.TokenizerSteps steps) {
      for (String name : WRITTEN) {
        ObjectNode cut = Json.object();
        PreTokenizer known = Objects.requireNonNull(NAMED.get(name));
        known.put(cut);
        cut.putObject("model").put("ignore_merges", known.ignoreMerges);
        if (WrittenTokenizer.TokenizerSteps.of(cut).equals(steps)) return name;
      }
      throw new BadModel(
          "tokenizer.json splits texts in a way that llama.cpp does not support; supported: "
              + String.join(", ", WRITTEN));
    }

    void put(ObjectNode tokenizer) {
      if (nfc) tokenizer.putObject("normalizer").put("type", "NFC");
      else tokenizer.putNull("normalizer");
      ObjectNode all = tokenizer.putObject("pre_tokenizer").put("type", "Sequence");
      ArrayNode steps = all.putArray("pretokenizers");
      if (digits) steps.addObject().put("type", "Digits").put("individual_digits", true);
      if (!pattern.isEmpty()) {
        ObjectNode split = steps.addObject().put("type", "Split");
        split.putObject("pattern").put("Regex", pattern);
        split.put("behavior", "Isolated").put("invert", false);
      }
      byteLevel(steps.addObject()).put("use_regex", pattern.isEmpty());
      byteLevel(tokenizer.putObject("decoder"));
    }

    private static ObjectNode byteLevel(ObjectNode node) {
      node.put("type", "ByteLevel").put("add_prefix_space", false);
      return node.put("trim_offsets", false).put("use_regex", false);
    }
  }

  /** The merges of a vocabulary in their order. */
  static final class Merges {
    private static final String MERGES = "tokenizer.ggml.merges";
    private static final String SCORES = "tokenizer.ggml.scores";
    private static final int MAX_MERGES = 1 << 21;

    /** Maximum characters of a token, to limit the number of its splits. */
    private static final int MAX_LENGTH = 256;

    record Merge(String left, String right) {}

    private record Scored(Merge merge, float score) {}

    private Merges() {}

    /**
     * Returns the merges in the file.
     *
     * @throws dev.graft.weights.BadModel if a merge has unknown tokens
     */
    static List<Merge> stored(GgufFile.GgufKeys keys, GgufVocabulary vocabulary) {
      List<String> stored = keys.texts(MERGES, MAX_MERGES);
      if (stored == null) throw keys.bad(MERGES, "is missing");
      List<Merge> merges = new ArrayList<>();
      for (String each : stored) {
        int space = each.indexOf(' ', 1);
        Merge merge =
            space < 0 ? null : new Merge(each.substring(0, space), each.substring(space + 1));
        if (merge == null
            || !vocabulary.has(merge.left)
            || !vocabulary.has(merge.right)
            || !vocabulary.has(merge.left + merge.right)) {
          throw keys.bad(
              MERGES, "entry %d does not consist of two tokens".formatted(merges.size()));
        }
        merges.add(merge);
      }
      return merges;
    }

    /**
     * Returns SentencePiece's merges: all pairs of tokens that form another token, the best score
     * first and the longest first token for equal scores, as transformers' {@code generate_merges}
     * does.
     *
     * @param byPosition whether the order of tokens counts instead of their scores (Gemma)
     */
    static List<Merge> ofScores(
        GgufFile.GgufKeys keys, GgufVocabulary vocabulary, boolean byPosition) {
      float[] scores = keys.numbers(SCORES, GgufVocabulary.MAX_TOKENS);
      int size = vocabulary.tokens().size();
      if (scores == null || scores.length != size) {
        throw keys.bad(SCORES, "must have one number for each of %d tokens".formatted(size));
      }
      List<Scored> merges = new ArrayList<>();
      for (int id = 0; id < size; id++) {
        String token = vocabulary.tokens().get(id);
        if (token.length() > MAX_LENGTH)
          throw keys.bad(GgufVocabulary.TOKENS, "has a token that is too long, " + id);
        if (vocabulary.types()[id] != GgufVocabulary.NORMAL) continue;
        List<Scored> cuts = new ArrayList<>();
        for (int at = 1; at < token.length(); at++) {
          Merge cut = new Merge(token.substring(0, at), token.substring(at));
          if (vocabulary.has(cut.left) && vocabulary.has(cut.right)) {
            cuts.add(new Scored(cut, byPosition ? -id : scores[id]));
          }
        }
        cuts.sort(
            Comparator.<Scored>comparingInt(
                    each -> vocabulary.ids().getOrDefault(each.merge.left, 0))
                .thenComparing(each -> vocabulary.ids().getOrDefault(each.merge.right, 0)));
        merges.addAll(cuts);
      }
      merges.sort(
          Comparator.comparing(Scored::score)
              .thenComparing(each -> length(each.merge.left))
              .thenComparing(each -> length(each.merge.right))
              .reversed());
      return merges.stream().map(Scored::merge).toList();
    }

    private static int length(String token) {
      return token.codePointCount(0, token.length());
    }
  }

  /**
   * SentencePiece's BPE: spaces are {@code ▁}, bytes without a token are {@code <0x0A>}.
   *
   * @param prefixed whether the tokenizer adds a space before a text
   * @param byPosition whether the order of tokens is the order of their merges, as in Gemma
   */
  record SentencePiece(GgufVocabulary vocabulary, boolean prefixed, boolean byPosition) {
    private static final String SPACE = "\u2581";

    static SentencePiece of(GgufFile.GgufKeys keys, GgufVocabulary vocabulary) {
      boolean gemma = keys.requireText("general.architecture").startsWith("gemma");
      boolean prefixed = keys.flagOr("tokenizer.ggml.add_space_prefix", !gemma);
      return new SentencePiece(gemma ? spaced(keys, vocabulary) : vocabulary, prefixed, gemma);
    }

    /** Replaces spaces in Gemma's tokens that consist of spaces only. */
    private static GgufVocabulary spaced(GgufFile.GgufKeys keys, GgufVocabulary vocabulary) {
      List<String> tokens = new ArrayList<>();
      Map<String, Integer> ids = new HashMap<>();
      int[] types = vocabulary.types().clone();
      for (String each : vocabulary.tokens()) {
        String token = each.isBlank() ? each.replace(" ", SPACE) : each;
        if (!token.equals(each)) types[tokens.size()] = GgufVocabulary.NORMAL;
        if (ids.put(token, tokens.size()) != null) {
          throw keys.bad(
              GgufVocabulary.TOKENS, "contains the spaces of %d twice".formatted(tokens.size()));
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
      if (prefixed) {
        back.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
      }
    }

    private static void replace(ObjectNode node, String from, String to) {
      node.put("type", "Replace").putObject("pattern").put("String", from);
      node.put("content", to);
    }

    List<Merge> merges(GgufFile.GgufKeys keys) {
      return GgufTokenizer.Merges.ofScores(keys, vocabulary, byPosition);
    }
  }
}
