package dev.graft.client;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The demo model's tokenizer, in the files Hugging Face libraries read: {@code tokenizer.json},
 * {@code tokenizer_config.json}, {@code chat_template.jinja}.
 */
record BpeTokenizer(List<BpeTrainer.Pair> merges) {
  static final List<String> SPECIAL =
      List.of("<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>");
  static final int PAD = 0;
  static final int END = 4;
  static final int VOCABULARY = 1024;

  static BpeTokenizer train(Stream<String> texts) {
    return new BpeTokenizer(BpeTrainer.merges(texts, VOCABULARY - 256 - SPECIAL.size()));
  }

  void write(Path directory) throws IOException {
    DemoModelCommand.json(directory.resolve("tokenizer.json"), tokenizer());
    DemoModelCommand.json(directory.resolve("tokenizer_config.json"), configuration());
    try (var template = BpeTokenizer.class.getResourceAsStream("chat_template.jinja")) {
      if (template == null) throw new IOException("chat_template.jinja is missing in the jar");
      Files.write(directory.resolve("chat_template.jinja"), template.readAllBytes());
    }
  }

  private Map<String, Object> tokenizer() {
    var model = new LinkedHashMap<String, Object>();
    model.put("type", "BPE");
    model.put("dropout", null);
    model.put("unk_token", null);
    model.put("continuing_subword_prefix", null);
    model.put("end_of_word_suffix", null);
    model.put("fuse_unk", false);
    model.put("byte_fallback", false);
    model.put("ignore_merges", false);
    model.put("vocab", vocabulary());
    model.put("merges", merges.stream().map(pair -> pair.left() + " " + pair.right()).toList());
    var byteLevel = new LinkedHashMap<String, Object>();
    byteLevel.put("type", "ByteLevel");
    byteLevel.put("add_prefix_space", false);
    byteLevel.put("trim_offsets", true);
    byteLevel.put("use_regex", true);
    var tokenizer = new LinkedHashMap<String, Object>();
    tokenizer.put("version", "1.0");
    tokenizer.put("truncation", null);
    tokenizer.put("padding", null);
    tokenizer.put("added_tokens", addedTokens());
    tokenizer.put("normalizer", null);
    tokenizer.put("pre_tokenizer", byteLevel);
    tokenizer.put("post_processor", null);
    tokenizer.put("decoder", byteLevel);
    tokenizer.put("model", model);
    return tokenizer;
  }

  /** Special tokens first, then the 256 bytes, then the merges. */
  private Map<String, Integer> vocabulary() {
    var vocabulary = new LinkedHashMap<String, Integer>();
    for (String token : SPECIAL) vocabulary.put(token, vocabulary.size());
    for (int b = 0; b < 256; b++) {
      vocabulary.put(Character.toString(ByteLevel.ALPHABET[b]), vocabulary.size());
    }
    for (var pair : merges) vocabulary.putIfAbsent(pair.joined(), vocabulary.size());
    return vocabulary;
  }

  private static List<Map<String, Object>> addedTokens() {
    var tokens = new ArrayList<Map<String, Object>>();
    for (String content : SPECIAL) {
      var token = new LinkedHashMap<String, Object>();
      token.put("id", tokens.size());
      token.put("content", content);
      token.put("single_word", false);
      token.put("lstrip", false);
      token.put("rstrip", false);
      token.put("normalized", false);
      token.put("special", true);
      tokens.add(token);
    }
    return tokens;
  }

  private static Map<String, Object> configuration() {
    var configuration = new LinkedHashMap<String, Object>();
    configuration.put("tokenizer_class", "PreTrainedTokenizerFast");
    configuration.put("bos_token", null);
    configuration.put("eos_token", SPECIAL.get(END));
    configuration.put("pad_token", SPECIAL.get(PAD));
    configuration.put("model_max_length", DemoModelCommand.Architecture.CONTEXT);
    configuration.put("clean_up_tokenization_spaces", false);
    return configuration;
  }

  /**
   * Byte-pair encoding (Sennrich et al. 2016): again and again, the pair of neighbours seen most
   * often becomes one token. Ties go to the pair that sorts first, so equal text gives equal
   * tokens.
   */
  static final class BpeTrainer {
    /** Two neighbouring tokens. */
    record Pair(String left, String right) {
      String joined() {
        return left + right;
      }
    }

    private static final Comparator<Map.Entry<Pair, Integer>> MOST_OFTEN =
        Map.Entry.<Pair, Integer>comparingByValue()
            .reversed()
            .thenComparing(entry -> entry.getKey().left())
            .thenComparing(entry -> entry.getKey().right());

    /** The merges, in the order they were learned. */
    static List<Pair> merges(Stream<String> texts, int count) {
      Map<String, Integer> words = new TreeMap<>();
      texts
          .flatMap(text -> ByteLevel.words(text).stream())
          .forEach(w -> words.merge(w, 1, Integer::sum));
      List<List<String>> symbols = new ArrayList<>();
      List<Integer> counts = new ArrayList<>();
      words.forEach(
          (word, seen) -> {
            symbols.add(new ArrayList<>(word.chars().mapToObj(Character::toString).toList()));
            counts.add(seen);
          });
      List<Pair> merges = new ArrayList<>();
      while (merges.size() < count) {
        var best = pairs(symbols, counts).entrySet().stream().min(MOST_OFTEN);
        if (best.isEmpty()) break;
        var pair = best.get().getKey();
        merges.add(pair);
        for (List<String> word : symbols) merge(word, pair);
      }
      return merges;
    }

    private static Map<Pair, Integer> pairs(List<List<String>> words, List<Integer> counts) {
      Map<Pair, Integer> pairs = new HashMap<>();
      for (int w = 0; w < words.size(); w++) {
        List<String> word = words.get(w);
        for (int i = 0; i + 1 < word.size(); i++) {
          pairs.merge(new Pair(word.get(i), word.get(i + 1)), counts.get(w), Integer::sum);
        }
      }
      return pairs;
    }

    private static void merge(List<String> word, Pair pair) {
      for (int i = 0; i + 1 < word.size(); i++) {
        if (word.get(i).equals(pair.left()) && word.get(i + 1).equals(pair.right())) {
          word.set(i, pair.joined());
          word.remove(i + 1);
        }
      }
    }
  }

  /**
   * GPT-2's byte-level alphabet and word split, as Hugging Face's {@code ByteLevel} pre-tokenizer
   * has them: each byte is one printable character, so any text is representable and no token is
   * unknown.
   */
  static final class ByteLevel {
    private static final Pattern WORDS =
        Pattern.compile(
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    /** The characters that stand for the bytes 0 to 255. */
    private static final char[] ALPHABET = alphabet();

    static List<String> words(String text) {
      return WORDS.matcher(text).results().map(match -> encode(match.group())).toList();
    }

    private static String encode(String word) {
      var encoded = new StringBuilder();
      for (byte b : word.getBytes(StandardCharsets.UTF_8)) encoded.append(ALPHABET[b & 0xff]);
      return encoded.toString();
    }

    /** Printable Latin-1 bytes stand for themselves, the others for characters from U+0100 on. */
    private static char[] alphabet() {
      var characters = new char[256];
      char next = 256;
      for (int b = 0; b < 256; b++) {
        boolean printable = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
        characters[b] = printable ? (char) b : next++;
      }
      return characters;
    }
  }
}
