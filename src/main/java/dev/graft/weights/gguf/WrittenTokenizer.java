package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.Basics;
import dev.graft.weights.DirectoryFiles;
import dev.graft.weights.JsonFile;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.gguf.GgufField.Flag;
import dev.graft.weights.gguf.GgufField.Text;
import dev.graft.weights.gguf.GgufField.Unsigned;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * The files of a model's tokenizer in the keys of a GGUF file, which {@link GgufTokenizer} reads.
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
   * @throws BadModel if there is no tokenizer, or one of another kind than BPE
   */
  WrittenTokenizer(ModelDirectory model, boolean gemma) {
    Path file = model.file("tokenizer.json");
    if (file == null) throw new BadModel("tokenizer.json is missing from the model directory");
    tokenizer = JsonFile.read(file, MAX_TOKENIZER).node();
    settings = settings(model);
    template = template(model, settings);
    basics = model.config().basics();
    String type = tokenizer.at("/model/type").asString("BPE");
    if (!type.equals("BPE")) {
      throw new BadModel(
          "tokenizer.json: model.type is '%s'; GGUF files are written of BPE".formatted(type));
    }
    vocabulary = WrittenVocabulary.of(tokenizer, basics.vocabSize(), gemma);
  }

  private static JsonNode settings(ModelDirectory model) {
    Path file = model.file("tokenizer_config.json");
    return file == null
        ? JsonNodeFactory.instance.objectNode()
        : JsonFile.read(file, MAX_SETTINGS).node();
  }

  /** Of several, the one for chats without tools. */
  private static @Nullable String template(ModelDirectory model, JsonNode settings) {
    Path file = model.file("chat_template.jinja");
    if (file != null) {
      return new String(DirectoryFiles.bytes(file, MAX_SETTINGS), StandardCharsets.UTF_8);
    }
    JsonNode said = settings.path("chat_template");
    if (said.isString()) return said.stringValue();
    for (JsonNode each : said) {
      if (each.path("name").asString("").equals("default")) return each.path("template").asString();
    }
    return null;
  }

  /** The texts that end an answer, for programs that are told them. */
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
   * @throws BadModel if something of it has no key
   */
  List<GgufField> fields() {
    List<GgufField> fields = new ArrayList<>();
    fields.add(new Text(PREFIX + "model", vocabulary.pieces() ? "llama" : "gpt2"));
    fields.add(
        new Text(
            PREFIX + "pre",
            vocabulary.pieces() ? "default" : PreTokenizer.nameOf(TokenizerSteps.of(tokenizer))));
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

  /** The id of a token that tokenizer_config.json names, as text or as an object. */
  private @Nullable Integer named(String field) {
    JsonNode said = settings.path(field);
    String text = said.isObject() ? said.path("content").asString("") : said.asString("");
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
   * Compares with what a file of these fields is read as.
   *
   * @throws BadModel if that would make other tokens of a text
   */
  void requireSame(JsonNode read) {
    if (!TokenizerSteps.of(read).equals(TokenizerSteps.of(tokenizer))) {
      throw new BadModel(
          "tokenizer.json: its normalizer or pre_tokenizer cannot be said in a GGUF file");
    }
    if (!WrittenVocabulary.merges(read).equals(WrittenVocabulary.merges(tokenizer))) {
      throw new BadModel("tokenizer.json: the order of its merges cannot be said in a GGUF file");
    }
  }
}
