package dev.graft.text;

import dev.graft.spec.TrainingSpec.DataOptions;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Rows to tokens and labels, as TRL does it: a row becomes one text that is tokenised once. Which
 * tokens train, {@link DataOptions} say; a completion begins at the first token that differs from
 * those of the prompt alone, as tokens may merge at the border. Thread-safe.
 */
public final class RowTokenizer {
  private static final IntSupplier NO_SYSTEM_TURN = () -> 0;

  private final Tokenizer tokenizer;
  private final DataOptions options;
  private final Truncation truncation;
  private final ThreadLocal<AssistantSpans> spans;

  /** With the model's own chat template, told the pinned date. */
  public RowTokenizer(Tokenizer tokenizer, DataOptions options, Truncation truncation) {
    this(tokenizer, () -> tokenizer.chatTemplate(Tokenizer.PINNED_DATE), options, truncation);
  }

  /**
   * @param template asked for when the first chat comes, once by each thread
   */
  public RowTokenizer(
      Tokenizer tokenizer,
      Supplier<ChatTemplate> template,
      DataOptions options,
      Truncation truncation) {
    this.tokenizer = tokenizer;
    this.spans = ThreadLocal.withInitial(() -> new AssistantSpans(template.get(), tokenizer));
    this.options = options;
    this.truncation = truncation;
  }

  /**
   * @return the row, cut; perhaps without a token that trains. Several where the template writes a
   *     chat's turns otherwise when later ones follow, see {@link AssistantSpans#examples}
   * @throws RowRejected if settings or template do not go with the row, or it is too long
   */
  public List<TokenizedRow> tokenize(Example example) {
    try {
      refuseSpecialTokens(example);
      return switch (example) {
        case Example.Chat chat when options.maskHistory() -> lastAnswer(chat);
        case Example.Chat chat -> chats(chat);
        case Example.Completion pair -> {
          Whole whole = whole(pair);
          yield List.of(truncation.applied(whole.row(), whole.answer(), system(pair)));
        }
        case Example.Text text -> List.of(text(text));
        case Example.Labelled labelled ->
            throw new RowRejected(
                labelled.line(),
                "is "
                    + labelled.kind().words()
                    + ": objective must be classification or regression");
        case Example.PreferencePair pair ->
            throw new RowRejected(
                pair.line(), "is a preference row: objective must be dpo or orpo");
      };
    } catch (TemplateRejected e) {
      throw new RowRejected(example.line(), String.valueOf(e.getMessage()));
    }
  }

  /**
   * Both sides of a row that must be a preference row.
   *
   * @throws RowRejected as above, and if it is another
   */
  public TokenizedPair pair(Example example) {
    if (example instanceof Example.PreferencePair pair) return tokenize(pair);
    throw new RowRejected(
        example.line(),
        "is " + example.kind().words() + ", but objective dpo or orpo needs preference rows");
  }

  /**
   * Both sides of a preference row, each cut by itself; by {@code split_budget} both alike.
   *
   * @throws RowRejected as above
   */
  public TokenizedPair tokenize(Example.PreferencePair pair) {
    try {
      refuseSpecialTokens(pair.chosen());
      refuseSpecialTokens(pair.rejected());
      Whole chosen = whole(pair.chosen());
      Whole rejected = whole(pair.rejected());
      // the smaller border, so that the sides have the tokens of the prompt in common
      int border = Math.min(chosen.answer(), rejected.answer());
      int longest = Math.max(chosen.row().ids().length, rejected.row().ids().length);
      return new TokenizedPair(
          side(pair.chosen(), chosen, border, longest),
          side(pair.rejected(), rejected, border, longest),
          border);
    } catch (TemplateRejected e) {
      throw new RowRejected(pair.line(), String.valueOf(e.getMessage()));
    }
  }

  private TokenizedRow side(Example.Completion side, Whole whole, int border, int longest) {
    int[] labels = whole.row().ids().clone();
    Arrays.fill(labels, 0, border, TokenizedRow.IGNORE);
    TokenizedRow row = new TokenizedRow(side.line(), whole.row().ids(), labels);
    return truncation.applied(row, border, system(side), longest);
  }

  private TokenizedRow text(Example.Text text) {
    requireUnset(text, "completion_only_loss", options.completionOnlyLoss());
    requireUnset(text, "assistant_only_loss", options.assistantOnlyLoss());
    int[] ids = withBos(tokenizer.ids(withEos(text.text())));
    TokenizedRow row = new TokenizedRow(text.line(), ids, ids.clone());
    return truncation.applied(row, 0, NO_SYSTEM_TURN);
  }

  private static void requireUnset(Example row, String setting, @Nullable Boolean value) {
    if (value != null && value) {
      throw new RowRejected(
          row.line(), "is " + row.kind().words() + ", which " + setting + " does not go with");
    }
  }

  private List<TokenizedRow> lastAnswer(Example.Chat chat) {
    Example.ChatPromptCompletion pair = chat.lastAnswer();
    if (pair == null) throw new RowRejected(chat.line(), "has no assistant turn to learn from");
    return tokenize(pair);
  }

  private List<TokenizedRow> chats(Example.Chat chat) {
    requireUnset(chat, "completion_only_loss", options.completionOnlyLoss());
    Boolean assistantOnly = options.assistantOnlyLoss();
    if (assistantOnly != null && !assistantOnly) return List.of(chat(chat, false));
    return spans.get().examples(chat).stream().map(each -> chat(each, true)).toList();
  }

  private TokenizedRow chat(Example.Chat chat, boolean assistantOnly) {
    ChatTemplate.Rendered rendered = spans.get().render(chat);
    Tokenizer.Tokens tokens = tokenizer.encode(rendered.text());
    int[] labels = tokens.ids().clone();
    if (assistantOnly) spans.get().mask(chat, rendered, tokens, labels);
    TokenizedRow row = new TokenizedRow(chat.line(), tokens.ids(), labels);
    return truncation.applied(row, lastRun(labels), system(chat.messages()));
  }

  /** Where the last stretch of trained tokens begins. */
  private static int lastRun(int[] labels) {
    int at = labels.length - 1;
    while (at >= 0 && labels[at] == TokenizedRow.IGNORE) at--;
    while (at >= 0 && labels[at] != TokenizedRow.IGNORE) at--;
    return at + 1;
  }

  /**
   * @param answer where the completion begins
   */
  private record Whole(TokenizedRow row, int answer) {}

  private Whole whole(Example.Completion pair) {
    return switch (pair) {
      case Example.PromptCompletion text -> {
        requireUnset(text, "assistant_only_loss", options.assistantOnlyLoss());
        int[] prompt = withBos(tokenizer.ids(text.prompt()));
        int[] ids = withBos(tokenizer.ids(text.prompt() + withEos(text.completion())));
        yield whole(text, prompt, ids, ids.clone());
      }
      case Example.ChatPromptCompletion chat -> {
        String before = spans.get().template().render(chat.prompt(), chat.tools(), true).text();
        Example.Chat both = chat.whole();
        int turns = both.messages().size();
        if (spans.get().examples(both.training(chat.prompt().size(), turns)).size() > 1) {
          throw new RowRejected(
              chat.line(),
              "has a completion of several turns, which the model's chat template writes otherwise"
                  + " when later turns follow; write the row as messages");
        }
        ChatTemplate.Rendered rendered = spans.get().render(both);
        Tokenizer.Tokens tokens = tokenizer.encode(rendered.text());
        int[] labels = tokens.ids().clone();
        Boolean assistantOnly = options.assistantOnlyLoss();
        if (assistantOnly != null && assistantOnly) {
          spans.get().mask(both, rendered, tokens, labels);
        }
        yield whole(chat, tokenizer.ids(before), tokens.ids(), labels);
      }
    };
  }

  private Whole whole(Example row, int[] prompt, int[] ids, int[] labels) {
    int shared = Arrays.mismatch(prompt, ids);
    int answer = shared < 0 ? ids.length : shared;
    Boolean completionOnly = options.completionOnlyLoss();
    if (completionOnly == null || completionOnly) {
      Arrays.fill(labels, 0, answer, TokenizedRow.IGNORE);
    }
    return new Whole(new TokenizedRow(row.line(), ids, labels), answer);
  }

  private IntSupplier system(Example.Completion pair) {
    return switch (pair) {
      case Example.ChatPromptCompletion chat -> system(chat.prompt());
      case Example.PromptCompletion text -> NO_SYSTEM_TURN;
    };
  }

  /** Tokens of a leading system turn alone. */
  private IntSupplier system(List<java.util.Map<String, Object>> messages) {
    if (messages.isEmpty() || !"system".equals(messages.getFirst().get("role"))) {
      return NO_SYSTEM_TURN;
    }
    return () ->
        tokenizer.ids(spans.get().template().render(messages.subList(0, 1), null, false).text())
            .length;
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

  private void refuseSpecialTokens(Example example) {
    if (options.allowSpecialTokens()) return;
    SpecialTokens.in(example, tokenizer)
        .ifPresent(
            token -> {
              throw new RowRejected(
                  example.line(), "holds " + token + ", which is a control token of this model");
            });
  }
}
