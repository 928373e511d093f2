package dev.graft.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

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

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  static BpeTokenizer train(Stream<String> texts) {
    return new BpeTokenizer(BpeTrainer.merges(texts, VOCABULARY - 256 - SPECIAL.size()));
  }

  void write(Path directory) throws IOException {
    write(directory.resolve("tokenizer.json"), tokenizer());
    write(directory.resolve("tokenizer_config.json"), configuration());
    try (var template = BpeTokenizer.class.getResourceAsStream("chat_template.jinja")) {
      if (template == null) throw new IOException("chat_template.jinja is missing in the jar");
      Files.write(directory.resolve("chat_template.jinja"), template.readAllBytes());
    }
  }

  private static void write(Path file, Object json) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(json) + "\n");
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
      vocabulary.put(Character.toString(ByteLevel.character(b)), vocabulary.size());
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
    configuration.put("model_max_length", Architecture.CONTEXT);
    configuration.put("clean_up_tokenization_spaces", false);
    return configuration;
  }
}
