package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.DirectoryFiles;
import dev.graft.weights.JsonFields;
import dev.graft.weights.ModelConfig.Basics;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.gguf.GgufTokenizer.GgufVocabulary;
import dev.graft.weights.gguf.GgufTokenizer.Merges;
import dev.graft.weights.gguf.GgufWriter.GgufField;
import dev.graft.weights.gguf.GgufWriter.GgufField.Flag;
import dev.graft.weights.gguf.GgufWriter.GgufField.Text;
import dev.graft.weights.gguf.GgufWriter.GgufField.Unsigned;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Converts the files of a model's tokenizer to the keys of a GGUF file, which {@link GgufTokenizer}
 * reads.
 */
public final class WrittenTokenizer {
  private static final int MAX_TOKENIZER = 64 << 20;
  private static final int MAX_SETTINGS = 16 << 20;
  private static final String PREFIX = "tokenizer.ggml.";

  private final JsonNode tokenizer;
  private final JsonNode settings;
  private final @Nullable String template;
  private final Basics basics;
  private final WrittenVocabulary vocabulary;

  /**
   * @throws BadModel if the tokenizer is missing or is not BPE
   */
  WrittenTokenizer(ModelDirectory model, boolean gemma) {
    Path file = model.file("tokenizer.json");
    if (file == null) throw new BadModel("tokenizer.json is missing from the model directory");
    tokenizer = JsonFields.read(file, MAX_TOKENIZER).node();
    settings = settings(model);
    template = template(model, settings);
    basics = model.config().basics();
    String type = tokenizer.at("/model/type").asString("BPE");
    if (!type.equals("BPE")) {
      throw new BadModel(
          "tokenizer.json: model.type is '%s'; supported in GGUF files: BPE".formatted(type));
    }
    vocabulary = WrittenVocabulary.of(tokenizer, basics.vocabSize(), gemma);
  }

  private static JsonNode settings(ModelDirectory model) {
    Path file = model.file("tokenizer_config.json");
    return file == null
        ? JsonNodeFactory.instance.objectNode()
        : JsonFields.read(file, MAX_SETTINGS).node();
  }

  /** Returns the chat template; of several, the one for chats without tools. */
  private static @Nullable String template(ModelDirectory model, JsonNode settings) {
    Path file = model.file("chat_template.jinja");
    if (file != null) {
      return new String(DirectoryFiles.bytes(file, MAX_SETTINGS), StandardCharsets.UTF_8);
    }
    JsonNode templates = settings.path("chat_template");
    if (templates.isString()) return templates.stringValue();
    for (JsonNode each : templates) {
      if (each.path("name").asString("").equals("default")) return each.path("template").asString();
    }
    return null;
  }

  /** Returns the texts that end an answer, for programs that need them as settings. */
  public static List<String> stops(ModelDirectory model) {
    return new WrittenTokenizer(model, false).stops();
  }

  private List<String> stops() {
    Integer eos = named("eos_token");
    return Stream.concat(Stream.ofNullable(eos), basics.eosTokenIds().stream())
        .distinct()
        .filter(id -> id >= 0 && id < vocabulary.tokens().size())
        .map(vocabulary.tokens()::get)
        .toList();
  }

  /**
   * @throws BadModel if there is no key for a setting
   */
  List<GgufField> fields() {
    List<GgufField> fields = new ArrayList<>();
    fields.add(new Text(PREFIX + "model", vocabulary.pieces() ? "llama" : "gpt2"));
    fields.add(
        new Text(
            PREFIX + "pre",
            vocabulary.pieces()
                ? "default"
                : GgufTokenizer.PreTokenizer.nameOf(TokenizerSteps.of(tokenizer))));
    fields.addAll(vocabulary.fields());
    ids(fields);
    BosAndEos around = BosAndEos.of(tokenizer.path("post_processor"));
    fields.add(flag("add_bos_token", around.bos(), "bos_token"));
    fields.add(flag("add_eos_token", around.eos(), "eos_token"));
    if (vocabulary.pieces()) {
      boolean prefixed =
          TokenizerSteps.of(tokenizer).normalizers().stream()
              .anyMatch(each -> TokenizerSteps.type(each).equals("Prepend"));
      fields.add(new Flag(PREFIX + "add_space_prefix", prefixed));
    }
    if (template != null) fields.add(new Text("tokenizer.chat_template", template));
    return List.copyOf(fields);
  }

  private void ids(List<GgufField> fields) {
    Integer bos = Objects.requireNonNullElse(named("bos_token"), -1);
    if (bos < 0 && basics.bosTokenId() != null) bos = basics.bosTokenId();
    Integer eos = named("eos_token");
    List<Integer> ends = basics.eosTokenIds();
    if (eos == null && !ends.isEmpty()) eos = ends.getFirst();
    Integer end = eos;
    Integer turn = ends.stream().filter(id -> !id.equals(end)).findFirst().orElse(null);
    Integer pad = named("pad_token");
    id(fields, "bos", bos);
    id(fields, "eos", eos);
    id(fields, "eot", turn);
    id(fields, "unknown", named("unk_token"));
    id(fields, "padding", pad == null ? basics.padTokenId() : pad);
  }

  private void id(List<GgufField> fields, String key, @Nullable Integer id) {
    if (id == null || id < 0 || id >= basics.vocabSize()) return;
    fields.add(new Unsigned(PREFIX + key + "_token_id", id));
  }

  /** Returns the id of a token that tokenizer_config.json names, as text or as an object. */
  private @Nullable Integer named(String field) {
    JsonNode token = settings.path(field);
    String text = token.isObject() ? token.path("content").asString("") : token.asString("");
    return text.isEmpty() ? null : vocabulary.ids().get(text);
  }

  private Flag flag(String key, @Nullable String token, String field) {
    if (token != null && !Objects.equals(vocabulary.ids().get(token), named(field))) {
      throw new BadModel(
          "tokenizer.json: its post_processor adds %s, which is not the %s of tokenizer_config.json"
              .formatted(token, field));
    }
    return new Flag(PREFIX + key, token != null);
  }

  /**
   * Compares with the tokenizer that is read from a file with these fields.
   *
   * @throws BadModel if it would tokenize texts differently
   */
  void requireSame(JsonNode read) {
    if (!TokenizerSteps.of(read).equals(TokenizerSteps.of(tokenizer))) {
      throw new BadModel(
          "tokenizer.json: its normalizer or pre_tokenizer cannot be represented in a GGUF file");
    }
    if (!WrittenVocabulary.merges(read).equals(WrittenVocabulary.merges(tokenizer))) {
      throw new BadModel(
          "tokenizer.json: the order of its merges cannot be represented in a GGUF file");
    }
  }

  /**
   * The tokens that the post-processor of a tokenizer.json adds to a text.
   *
   * @param bos the token before the text, or null
   * @param eos the token after the text, or null
   */
  record BosAndEos(@Nullable String bos, @Nullable String eos) {
    private static final BosAndEos NONE = new BosAndEos(null, null);

    /**
     * @throws BadModel if it adds more than a token before and after a text
     */
    static BosAndEos of(JsonNode processor) {
      if (!processor.isObject()) return NONE;
      return switch (TokenizerSteps.type(processor)) {
        case "ByteLevel" -> NONE;
        case "Sequence" ->
            StreamSupport.stream(processor.path("processors").spliterator(), false)
                .map(BosAndEos::of)
                .reduce(NONE, (one, other) -> other.equals(NONE) ? one : other);
        case "TemplateProcessing" -> template(processor.path("single"));
        default -> throw unknown(TokenizerSteps.type(processor));
      };
    }

    private static BosAndEos template(JsonNode parts) {
      List<String> around =
          StreamSupport.stream(parts.spliterator(), false)
              .map(each -> each.has("Sequence") ? "" : each.at("/SpecialToken/id").asString(""))
              .toList();
      int text = around.indexOf("");
      boolean once = text >= 0 && text == around.lastIndexOf("");
      if (!once || text > 1 || around.size() - text > 2) throw unknown("template");
      return new BosAndEos(
          text == 1 ? around.getFirst() : null, text < around.size() - 1 ? around.getLast() : null);
    }

    private static BadModel unknown(String what) {
      return new BadModel(
          "tokenizer.json: its post_processor (%s) is not supported in GGUF files".formatted(what));
    }
  }

  /**
   * The steps of a tokenizer.json before merging, in a normal form for comparisons: flat sequences
   * with defaults and without settings that only affect offsets.
   */
  record TokenizerSteps(
      List<JsonNode> normalizers, List<JsonNode> preTokenizers, boolean ignoreMerges) {
    TokenizerSteps {
      normalizers = List.copyOf(normalizers);
      preTokenizers = List.copyOf(preTokenizers);
    }

    static TokenizerSteps of(JsonNode tokenizer) {
      return new TokenizerSteps(
          flat(tokenizer.path("normalizer"), "normalizers"),
          flat(tokenizer.path("pre_tokenizer"), "pretokenizers"),
          tokenizer.path("model").path("ignore_merges").asBoolean(false));
    }

    private static List<JsonNode> flat(JsonNode node, String parts) {
      List<JsonNode> steps = new ArrayList<>();
      if (!node.isObject()) return steps;
      if (type(node).equals("Sequence")) {
        for (JsonNode each : node.path(parts)) steps.addAll(flat(each, parts));
      } else {
        steps.add(plain((ObjectNode) node.deepCopy()));
      }
      return steps;
    }

    private static JsonNode plain(ObjectNode step) {
      switch (type(step)) {
        case "ByteLevel" -> {
          step.remove("trim_offsets");
          if (!step.has("use_regex")) step.put("use_regex", true);
          if (!step.has("add_prefix_space")) step.put("add_prefix_space", true);
        }
        case "Split" -> {
          if (!step.has("invert")) step.put("invert", false);
        }
        default -> {}
      }
      return step;
    }

    static String type(JsonNode node) {
      return node.path("type").asString("");
    }
  }

  /**
   * The tokens of a tokenizer.json by their ids, one for each row of the token table.
   *
   * @param types llama.cpp's type number of each token
   * @param ids ids by the texts of the tokens in tokenizer.json
   * @param pieces whether it is a SentencePiece tokenizer, with tokens for bytes
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
            "tokenizer.json: token id %d is not below the vocab_size of config.json, %d"
                .formatted(id, tokens.length));
      }
      if (tokens[id] != null && !token.equals(tokens[id])) {
        throw new BadModel("tokenizer.json: two tokens have the id " + id);
      }
      tokens[id] = token;
      ids.put(token, id);
    }

    /** Reads merges in both spellings: two texts, or one with a space between them. */
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

    /**
     * Returns higher scores for earlier merges; Gemma's tokens are merged in the order of their
     * ids.
     */
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
}
