package dev.graft.text;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model's tokenizer, with nothing added (but by {@link #framed}), cut or padded. Tokens written
 * in a text count as themselves, special ones too; {@link #specialTokenIn} finds them. Thread-safe.
 */
public final class Tokenizer implements AutoCloseable {
  /** The date that templates are told unless the caller knows better. */
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
   * @param model directory with tokenizer.json, and tokenizer_config.json where there is one
   * @throws BadTokenizer if they are missing or broken
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

  /** With what the tokenizer itself puts around a text, such as {@code [CLS]} and {@code [SEP]}. */
  int[] framed(String text) {
    return ids(tokenizer.encode(text, true, false));
  }

  private static int[] ids(Encoding encoding) {
    return Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray();
  }

  /** Special tokens included; bytes that are not UTF-8 become U+FFFD. */
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

  /** Whether the tokenizer itself puts the bos token before a plain text. */
  public boolean addsBos() {
    return files.addsBos();
  }

  /** The id of a token by its exact text. */
  public Optional<Integer> id(String token) {
    int[] ids = ids(token);
    return ids.length == 1 ? Optional.of(ids[0]) : Optional.empty();
  }

  /** A special token that the text would become, if there is one. */
  public Optional<String> specialTokenIn(String text) {
    return files.specialTokens().stream().filter(text::contains).findFirst();
  }

  /**
   * The model's chat template.
   *
   * @param today what the template is told when it asks
   * @throws TemplateRejected if the template is not supported
   * @throws BadTokenizer if the model has none
   */
  public ChatTemplate chatTemplate(LocalDate today) {
    String text = files.chatTemplate();
    if (text == null) {
      throw new BadTokenizer(
          "the model has no chat template (chat_template.jinja, or in tokenizer_config.json)");
    }
    return new ChatTemplate(text, bosToken(), eosToken(), today);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
