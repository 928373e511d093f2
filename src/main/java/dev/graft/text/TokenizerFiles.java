package dev.graft.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the files beside a model say about its tokens.
 *
 * @param specialTokens added tokens with {@code special: true}
 * @param addsBos the post-processor begins a text with the bos token
 * @param chatTemplate the default one
 */
record TokenizerFiles(
    @Nullable String bosToken,
    @Nullable String eosToken,
    List<String> specialTokens,
    boolean addsBos,
    @Nullable String chatTemplate) {
  private static final long MAX_BYTES = 128L << 20;
  private static final JsonMapper JSON = new JsonMapper();

  static TokenizerFiles read(Path model) {
    JsonNode tokenizer = json(model, "tokenizer.json", Set.of("added_tokens", "post_processor"));
    if (tokenizer == null) throw new BadTokenizer("the model has no tokenizer.json");
    JsonNode config =
        json(model, "tokenizer_config.json", Set.of("bos_token", "eos_token", "chat_template"));
    JsonNode settings = config == null ? JSON.createObjectNode() : config;
    List<String> special = new ArrayList<>();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      String content = token.path("content").asString("");
      if (token.path("special").asBoolean(false) && !content.isEmpty()) special.add(content);
    }
    String bos = token(settings.path("bos_token"));
    return new TokenizerFiles(
        bos,
        token(settings.path("eos_token")),
        List.copyOf(special),
        bos != null && beginsWith(tokenizer.path("post_processor"), bos),
        template(model, settings.path("chat_template")));
  }

  /** A token is a string, or an object with its content. */
  private static @Nullable String token(JsonNode node) {
    JsonNode content = node.isObject() ? node.path("content") : node;
    return content.isString() ? content.stringValue() : null;
  }

  private static boolean beginsWith(JsonNode processor, String bos) {
    for (JsonNode inner : processor.path("processors")) {
      if (beginsWith(inner, bos)) return true;
    }
    JsonNode first = processor.path("single").path(0).path("SpecialToken").path("id");
    return first.isString() && first.stringValue().equals(bos);
  }

  private static @Nullable String template(Path model, JsonNode setting) {
    Path file = model.resolve("chat_template.jinja");
    if (Files.isRegularFile(file)) return text(file);
    if (setting.isString()) return setting.stringValue();
    for (JsonNode named : setting) {
      if (named.path("name").asString("").equals("default")) {
        return named.path("template").asString("");
      }
    }
    return null;
  }

  /**
   * @param fields of the file's object that are wanted: a vocabulary makes no nodes
   */
  private static @Nullable JsonNode json(Path model, String name, Set<String> fields) {
    Path file = model.resolve(name);
    if (!Files.isRegularFile(file)) return null;
    ObjectNode wanted = JSON.createObjectNode();
    try (JsonParser in = JSON.createParser(text(file))) {
      JsonToken first = in.nextToken();
      if (first != null && first != JsonToken.START_OBJECT) return wanted;
      for (String field = in.nextName(); field != null; field = in.nextName()) {
        in.nextToken();
        if (fields.contains(field)) wanted.set(field, in.<JsonNode>readValueAsTree());
        else in.skipChildren();
      }
      if (first != null && in.nextToken() == null) return wanted;
      throw new BadTokenizer(name + " is not JSON");
    } catch (JacksonException e) {
      throw new BadTokenizer(name + " is not JSON");
    }
  }

  private static String text(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new BadTokenizer(file.getFileName() + " is larger than " + MAX_BYTES + " bytes");
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw new BadTokenizer(file.getFileName() + " cannot be read as UTF-8");
    }
  }
}
