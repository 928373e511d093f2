package dev.graft.text;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Rows to tokens and labels, as TRL does it: a row becomes one text that is tokenised once. Chats
 * train the assistant's turns, pairs the completion, texts everything.
 */
public final class RowTokenizer {
  private final Tokenizer tokenizer;
  private final Supplier<ChatTemplate> template;
  private final boolean assistantOnlyLoss;
  private final boolean refuseSpecialTokens;
  private @Nullable AssistantSpans spans;

  /** A row that cannot be trained on under this tokenizer and template. */
  public static final class RowRejected extends RuntimeException {
    private final long line;

    RowRejected(long line, String message) {
      super(message);
      this.line = line;
    }

    public long line() {
      return line;
    }
  }

  /** Rows that contain special tokens of the model are refused: they would act as such. */
  public RowTokenizer(Tokenizer tokenizer, boolean assistantOnlyLoss) {
    this(tokenizer, () -> tokenizer.chatTemplate(Tokenizer.PINNED_DATE), assistantOnlyLoss, true);
  }

  RowTokenizer(
      Tokenizer tokenizer,
      Supplier<ChatTemplate> template,
      boolean assistantOnlyLoss,
      boolean refuseSpecialTokens) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.assistantOnlyLoss = assistantOnlyLoss;
    this.refuseSpecialTokens = refuseSpecialTokens;
  }

  /**
   * @throws RowRejected if the template refuses the row, or a text holds a special token
   */
  public TokenizedRow tokenize(Example example) {
    try {
      return switch (example) {
        case Example.Chat chat -> chat(chat);
        case Example.PromptCompletion pair -> pair(pair);
        case Example.Text text -> {
          refuseSpecialTokens(text.line(), text.text());
          int[] ids = withBos(tokenizer.ids(withEos(text.text())));
          yield new TokenizedRow(text.line(), ids, ids.clone());
        }
      };
    } catch (TemplateRejected e) {
      throw new RowRejected(example.line(), String.valueOf(e.getMessage()));
    }
  }

  private TokenizedRow chat(Example.Chat chat) {
    refuseSpecialTokens(chat.line(), chat.messages());
    refuseSpecialTokens(chat.line(), chat.tools());
    AssistantSpans spans = spans();
    ChatTemplate.Rendered rendered = spans.render(chat);
    Tokenizer.Tokens tokens = tokenizer.encode(rendered.text());
    int[] labels = tokens.ids().clone();
    if (assistantOnlyLoss) {
      List<int[]> trained = spans.trained(chat, rendered);
      for (int i = 0; i < labels.length; i++) {
        if (!inSpan(tokens.starts()[i], tokens.ends()[i], trained)) labels[i] = TokenizedRow.IGNORE;
      }
    }
    return new TokenizedRow(chat.line(), tokens.ids(), labels);
  }

  private AssistantSpans spans() {
    AssistantSpans known = spans;
    if (known == null) {
      known = new AssistantSpans(template.get(), tokenizer);
      spans = known;
    }
    return known;
  }

  /** A token counts if any of its characters does. */
  private static boolean inSpan(int start, int end, List<int[]> spans) {
    for (int[] span : spans) {
      if (start < span[1] && end > span[0]) return true;
    }
    return false;
  }

  private TokenizedRow pair(Example.PromptCompletion pair) {
    refuseSpecialTokens(pair.line(), pair.prompt());
    refuseSpecialTokens(pair.line(), pair.completion());
    int[] prompt = withBos(tokenizer.ids(pair.prompt()));
    int[] ids = withBos(tokenizer.ids(withEos(pair.prompt() + pair.completion())));
    int shared = Arrays.mismatch(prompt, ids);
    int[] labels = ids.clone();
    // tokens may merge at the border, so the completion begins where the two texts part
    Arrays.fill(labels, 0, shared < 0 ? ids.length : shared, TokenizedRow.IGNORE);
    return new TokenizedRow(pair.line(), ids, labels);
  }

  private String withEos(String text) {
    String eos = tokenizer.eosToken();
    return eos == null || text.endsWith(eos) ? text : text + eos;
  }

  private int[] withBos(int[] ids) {
    String bos = tokenizer.bosToken();
    if (!tokenizer.addsBos() || bos == null) return ids;
    int id = tokenizer.id(bos).orElseThrow(() -> new BadTokenizer("bos_token is not one token"));
    if (ids.length > 0 && ids[0] == id) return ids;
    int[] longer = new int[ids.length + 1];
    longer[0] = id;
    System.arraycopy(ids, 0, longer, 1, ids.length);
    return longer;
  }

  private void refuseSpecialTokens(long line, @Nullable Object value) {
    if (!refuseSpecialTokens) return;
    switch (value) {
      case Map<?, ?> map -> map.values().forEach(each -> refuseSpecialTokens(line, each));
      case List<?> list -> list.forEach(each -> refuseSpecialTokens(line, each));
      case String text ->
          tokenizer
              .specialTokenIn(text)
              .ifPresent(
                  token -> {
                    throw new RowRejected(
                        line, "holds " + token + ", which is a control token of this model");
                  });
      case null -> {}
      default -> {}
    }
  }
}
