package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How text is cut before its bytes are merged, by the names that llama.cpp gives to the tokenizers
 * that it knows (llama-vocab.cpp), as the tokenizer.json of their models say it.
 *
 * @param pattern of the pieces; empty for GPT-2's own
 * @param digits whether each stands alone, before anything else
 * @param nfc whether text is composed first
 * @param ignoreMerges whether a piece that is a token is not merged
 * @param addsBos whether a text begins with the bos token where the file does not say
 */
record PreTokenizer(
    String pattern, boolean digits, boolean nfc, boolean ignoreMerges, boolean addsBos) {
  private static final String PRE = "tokenizer.ggml.pre";
  private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
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

  static PreTokenizer of(GgufKeys keys) {
    String name = keys.text(PRE);
    PreTokenizer found = name == null ? null : NAMED.get(name);
    if (found != null) return found;
    throw keys.bad(
        PRE,
        "%s; supported: %s. Without it texts would be cut in another way than the model learned"
            .formatted(
                name == null ? "is missing" : "is '" + name + "'",
                String.join(", ", new TreeSet<>(NAMED.keySet()))));
  }

  /** Of names that mean the same here, the one that llama.cpp's converter gives most. */
  private static final List<String> WRITTEN =
      List.of("llama-bpe", "tekken", "dbrx", "qwen2", "deepseek-r1-qwen", "gpt-2", "smollm");

  /**
   * llama.cpp's name for how a tokenizer.json cuts text.
   *
   * @throws BadModel if it has none
   */
  static String nameOf(TokenizerSteps steps) {
    for (String name : WRITTEN) {
      ObjectNode cut = Json.object();
      PreTokenizer known = Objects.requireNonNull(NAMED.get(name));
      known.put(cut);
      cut.putObject("model").put("ignore_merges", known.ignoreMerges);
      if (TokenizerSteps.of(cut).equals(steps)) return name;
    }
    throw new BadModel(
        "tokenizer.json cuts texts in a way that llama.cpp has no name for; supported: those of "
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
