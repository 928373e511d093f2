package dev.graft.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model's tokenizer, which does not truncate or pad, and adds special tokens in {@link #framed}
 * only. Special tokens in the text become control tokens; {@link #specialTokenIn} finds them.
 * Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {
  /** The default date for templates. */
  public static final LocalDate PINNED_DATE = LocalDate.of(2024, 7, 26);

  private final HuggingFaceTokenizer tokenizer;
  private final TokenizerFiles files;

  /** Offsets are code points of the text: token i is [starts[i], ends[i]). */
  public record Tokens(int[] ids, int[] starts, int[] ends) {}

  private Tokenizer(HuggingFaceTokenizer tokenizer, TokenizerFiles files) {
    this.tokenizer = tokenizer;
    this.files = files;
  }

  /**
   * @param model directory with tokenizer.json and perhaps tokenizer_config.json
   * @throws BadTokenizer if a file is missing or broken
   */
  public static Tokenizer load(Path model) {
    TokenizerFiles files = TokenizerFiles.read(model);
    Path file = model.resolve("tokenizer.json");
    Map<String, String> asIs =
        Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
    try (var in = Files.newInputStream(file)) {
      return new Tokenizer(HuggingFaceTokenizer.newInstance(in, asIs), files);
    } catch (IOException | RuntimeException e) {
      throw new BadTokenizer("tokenizer.json cannot be used: " + e.getMessage());
    }
  }

  public Tokens encode(String text) {
    Encoding encoding = tokenizer.encode(text);
    int[] ids = ids(encoding);
    int[] starts = new int[ids.length];
    int[] ends = new int[ids.length];
    CharSpan[] spans = encoding.getCharTokenSpans();
    for (int i = 0; i < ids.length; i++) {
      starts[i] = spans[i] == null ? 0 : spans[i].getStart();
      ends[i] = spans[i] == null ? 0 : spans[i].getEnd();
    }
    return new Tokens(ids, starts, ends);
  }

  public int[] ids(String text) {
    return ids(tokenizer.encode(text));
  }

  /** Encodes a text with the special tokens that the tokenizer adds, such as {@code [CLS]}. */
  int[] framed(String text) {
    return ids(tokenizer.encode(text, true, false));
  }

  private static int[] ids(Encoding encoding) {
    return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
  }

  /** Decodes tokens, including special ones; bytes that are not UTF-8 become U+FFFD. */
  public String decode(int... ids) {
    return decode(ids, false);
  }

  public String decode(int[] ids, boolean skipSpecialTokens) {
    return tokenizer.decode(Arrays.stream(ids).asLongStream().toArray(), skipSpecialTokens);
  }

  public @Nullable String bosToken() {
    return files.bosToken();
  }

  public @Nullable String eosToken() {
    return files.eosToken();
  }

  List<String> specialTokens() {
    return files.specialTokens();
  }

  /** Whether the tokenizer puts the bos token before a plain text. */
  public boolean addsBos() {
    return files.addsBos();
  }

  /** Returns the id of a token by its exact text. */
  public Optional<Integer> id(String token) {
    int[] ids = ids(token);
    return ids.length == 1 ? Optional.of(ids[0]) : Optional.empty();
  }

  /** Returns a special token that the text contains. */
  public Optional<String> specialTokenIn(String text) {
    return files.specialTokens().stream().filter(text::contains).findFirst();
  }

  /**
   * Returns the model's chat template.
   *
   * @param today the date for the template
   * @throws ChatTemplate.TemplateRejected if the template is not supported
   * @throws BadTokenizer if the model does not have one
   */
  public ChatTemplate chatTemplate(LocalDate today) {
    String text = files.chatTemplate();
    if (text == null) {
      throw new BadTokenizer(
          "the model has no chat template, neither in chat_template.jinja nor tokenizer_config.json");
    }
    return new ChatTemplate(text, bosToken(), eosToken(), today);
  }

  @Override
  public void close() {
    tokenizer.close();
  }

  /**
   * The settings in the tokenizer files of a model.
   *
   * @param specialTokens added tokens with {@code special: true}
   * @param addsBos whether the post-processor puts the bos token before a text
   * @param chatTemplate the default template
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

    /** Reads a token, which is a string or an object with its content. */
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
     * @param fields the fields to read; others, such as the vocabulary, are skipped
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

  /** tokenizer.json or a related file cannot be used; the message names the file and the reason. */
  public static final class BadTokenizer extends RuntimeException {
    public BadTokenizer(String message) {
      super(message);
    }
  }
}
