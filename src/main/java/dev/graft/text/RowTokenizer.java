package dev.graft.text;

import dev.graft.spec.TrainingSpec.DataOptions;
import dev.graft.text.ChatTemplate.TemplateRejected;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Converts rows to tokens and labels as TRL does: a row becomes one text that is tokenised once.
 * {@link DataOptions} select the tokens that train. A completion begins at the first token that
 * differs from those of the prompt alone, because tokens may merge at the border. Thread-safe.
 */
public final class RowTokenizer {
  private static final IntSupplier NO_SYSTEM_TURN = () -> 0;

  private final Tokenizer tokenizer;
  private final DataOptions options;
  private final Truncation truncation;
  private final ThreadLocal<AssistantSpans> spans;

  /** Uses the model's own chat template with the pinned date. */
  public RowTokenizer(Tokenizer tokenizer, DataOptions options, Truncation truncation) {
    this(tokenizer, () -> tokenizer.chatTemplate(Tokenizer.PINNED_DATE), options, truncation);
  }

  /**
   * @param template called for the first chat, once by each thread
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
   * @return the truncated row, perhaps without a token that trains; several rows if the template
   *     renders a chat's turns differently when others follow, see {@link AssistantSpans#examples}
   * @throws RowRejected if the row does not fit the settings or the template, or is too long
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
    } catch (ChatTemplate.TemplateRejected e) {
      throw new RowRejected(example.line(), String.valueOf(e.getMessage()));
    }
  }

  /**
   * Tokenizes both sides of a row that must be a preference row.
   *
   * @throws RowRejected as {@link #tokenize(Example)} does, and if the row is of another kind
   */
  public TokenizedRow.TokenizedPair pair(Example example) {
    if (example instanceof Example.PreferencePair pair) return tokenize(pair);
    throw new RowRejected(
        example.line(),
        "is " + example.kind().words() + ", but objective dpo or orpo needs preference rows");
  }

  /**
   * Tokenizes both sides of a preference row and truncates each by itself, but by {@code
   * split_budget} both alike.
   *
   * @throws RowRejected as {@link #tokenize(Example)} does
   */
  public TokenizedRow.TokenizedPair tokenize(Example.PreferencePair pair) {
    try {
      refuseSpecialTokens(pair.chosen());
      refuseSpecialTokens(pair.rejected());
      Whole chosen = whole(pair.chosen());
      Whole rejected = whole(pair.rejected());
      // the smaller border, so that both sides share the tokens of the prompt
      int border = Math.min(chosen.answer(), rejected.answer());
      int longest = Math.max(chosen.row().ids().length, rejected.row().ids().length);
      return new TokenizedRow.TokenizedPair(
          side(pair.chosen(), chosen, border, longest),
          side(pair.rejected(), rejected, border, longest),
          border);
    } catch (ChatTemplate.TemplateRejected e) {
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
          row.line(), "is " + row.kind().words() + ", which cannot be combined with " + setting);
    }
  }

  private List<TokenizedRow> lastAnswer(Example.Chat chat) {
    Example.ChatPromptCompletion pair = chat.lastAnswer();
    if (pair == null) throw new RowRejected(chat.line(), "has no assistant turn to train on");
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

  /** Returns the start of the last run of trained tokens. */
  private static int lastRun(int[] labels) {
    int at = labels.length - 1;
    while (at >= 0 && labels[at] == TokenizedRow.IGNORE) at--;
    while (at >= 0 && labels[at] != TokenizedRow.IGNORE) at--;
    return at + 1;
  }

  /**
   * @param answer start of the completion
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
              "has a completion of several turns, which the model's chat template renders differently"
                  + " when other turns follow; write the row as messages");
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

  /** Returns the number of tokens of a leading system turn alone. */
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
    int id =
        tokenizer
            .id(bos)
            .orElseThrow(() -> new Tokenizer.BadTokenizer("bos_token is not a single token"));
    if (ids.length > 0 && ids[0] == id) return ids;
    int[] longer = new int[ids.length + 1];
    longer[0] = id;
    System.arraycopy(ids, 0, longer, 1, ids.length);
    return longer;
  }

  private void refuseSpecialTokens(Example example) {
    if (!options.allowSpecialTokens()) SpecialTokens.refuse(example, tokenizer);
  }

  /**
   * Finds the characters of the assistant's turns in a rendered chat, including the token that ends
   * a turn: by the template's own marks or, if it has none, by rendering the turns before and
   * including the answer, which must both be beginnings of the whole. Not thread-safe.
   */
  private static final class AssistantSpans {
    private final ChatTemplate template;
    private final Tokenizer tokenizer;

    /** Rendered beginnings of {@link #latest}, by number of turns. */
    private final Map<Integer, ChatTemplate.Rendered> beginnings = new HashMap<>();

    private Example.@Nullable Chat latest;

    AssistantSpans(ChatTemplate template, Tokenizer tokenizer) {
      this.template = template;
      this.tokenizer = tokenizer;
    }

    ChatTemplate template() {
      return template;
    }

    private ChatTemplate.Rendered beginning(Example.Chat chat, int turns) {
      if (chat != latest) beginnings.clear();
      latest = chat;
      ChatTemplate.Rendered known = beginnings.get(turns);
      if (known == null) {
        known = template.render(chat.messages().subList(0, turns), chat.tools(), false);
        beginnings.put(turns, known);
      }
      return known;
    }

    /**
     * Returns the chat. If the template renders turns differently when others follow, for example
     * without earlier reasoning, returns several chats that end with a turn that trains. Each such
     * turn trains in one of them, after the text that the model sees when it generates that turn.
     */
    List<Example.Chat> examples(Example.Chat chat) {
      List<Integer> ends = ends(chat);
      if (ends.isEmpty()) return List.of(chat);
      List<Example.Chat> examples = new ArrayList<>();
      int from = 0;
      for (int end : ends) {
        examples.add(chat.training(from, end));
        from = end;
      }
      return examples;
    }

    /**
     * Returns the ends of these chats; empty if every turn is rendered as a beginning of the next.
     */
    private List<Integer> ends(Example.Chat chat) {
      List<Integer> ends = new ArrayList<>();
      int turns = chat.messages().size();
      int last = 0;
      try {
        for (int i = 0; i < turns; i++) {
          if (!Example.Chat.trains(chat.messages().get(i))) continue;
          if (last > 0 && !continues(chat, last, i + 1)) ends.add(last);
          last = i + 1;
        }
        if (last > 0 && (!ends.isEmpty() || !continues(chat, last, turns))) ends.add(last);
      } catch (TemplateRejected refusesBeginnings) {
        return List.of();
      }
      return ends;
    }

    private boolean continues(Example.Chat chat, int turns, int more) {
      return turns == more
          || beginning(chat, more).text().startsWith(beginning(chat, turns).text());
    }

    /**
     * @throws TemplateRejected if the template leaves out the tool calls of a turn, which would
     *     train an empty answer. Checks the first turn that trains with and the first without
     *     content; templates do not distinguish others
     */
    ChatTemplate.Rendered render(Example.Chat chat) {
      ChatTemplate.Rendered whole = beginning(chat, chat.messages().size());
      Set<Boolean> looked = new HashSet<>();
      for (int i = 0; i < chat.messages().size(); i++) {
        Map<String, Object> turn = chat.messages().get(i);
        if (Example.Chat.callsTools(turn)
            && Example.Chat.trains(turn)
            && looked.add("".equals(turn.get("content")))
            && whole.text().equals(withoutCalls(chat, i))) {
          throw new TemplateRejected(
              "has tool calls in turn "
                  + i
                  + ", which the model's chat template leaves out; choose a model whose template"
                  + " renders tool_calls, or write the calls into content");
        }
      }
      return whole;
    }

    /** Renders a chat without the tool calls of a turn; null if the template refuses that. */
    private @Nullable String withoutCalls(Example.Chat chat, int turn) {
      List<Map<String, Object>> messages = new ArrayList<>(chat.messages());
      Map<String, Object> silent = new LinkedHashMap<>(messages.get(turn));
      silent.remove("tool_calls");
      messages.set(turn, silent);
      try {
        return template.render(messages, chat.tools(), false).text();
      } catch (TemplateRejected needsCalls) {
        return null;
      }
    }

    /** Ignores the labels of tokens without a character of a turn that trains. */
    void mask(
        Example.Chat chat, ChatTemplate.Rendered whole, Tokenizer.Tokens tokens, int[] labels) {
      List<int[]> spans = trained(chat, whole);
      for (int i = 0; i < labels.length; i++) {
        int start = tokens.starts()[i];
        int end = tokens.ends()[i];
        boolean inside = spans.stream().anyMatch(span -> start < span[1] && end > span[0]);
        if (!inside) labels[i] = TokenizedRow.IGNORE;
      }
    }

    /** Returns the spans of turns whose weight is not 0. */
    private List<int[]> trained(Example.Chat chat, ChatTemplate.Rendered whole) {
      return template.marksGeneration() ? marked(chat, whole) : byPrefix(chat, whole.text());
    }

    private static List<int[]> marked(Example.Chat chat, ChatTemplate.Rendered whole) {
      List<Map<String, Object>> turns =
          chat.messages().stream().filter(m -> "assistant".equals(m.get("role"))).toList();
      Predicate<Map<String, Object>> trains = Example.Chat::trains;
      long training = turns.stream().filter(trains).count();
      if (training == turns.size()) return whole.spans();
      if (whole.spans().size() == turns.size()) {
        List<int[]> kept = new ArrayList<>();
        for (int i = 0; i < turns.size(); i++) {
          if (Example.Chat.trains(turns.get(i))) kept.add(whole.spans().get(i));
        }
        return kept;
      }
      if (whole.spans().size() == training) return whole.spans();
      throw new TemplateRejected(
          "has a turn of weight 0, but the chat template does not mark each turn");
    }

    private List<int[]> byPrefix(Example.Chat chat, String whole) {
      List<int[]> spans = new ArrayList<>();
      List<Map<String, Object>> messages = chat.messages();
      for (int i = 0; i < messages.size(); i++) {
        if (!Example.Chat.trains(messages.get(i))) continue;
        String before = template.render(messages.subList(0, i), chat.tools(), true).text();
        String with = beginning(chat, i + 1).text();
        if (!whole.startsWith(before)
            || !whole.startsWith(with)
            || with.length() < before.length()) {
          throw new TemplateRejected(
              "has an answer in turn "
                  + i
                  + " that the chat template does not render after its prompt, so that the tokens of"
                  + " the answer cannot be determined");
        }
        int end = endOfTurn(with, before.length());
        spans.add(
            new int[] {whole.codePointCount(0, before.length()), whole.codePointCount(0, end)});
      }
      return spans;
    }

    /** Returns the end of the last eos, else of the last special token, else of the text. */
    private int endOfTurn(String text, int from) {
      String eos = tokenizer.eosToken();
      int end = eos == null ? -1 : endOf(eos, text, from);
      for (String token : tokenizer.specialTokens()) {
        if (eos == null || endOf(eos, text, from) < 0)
          end = Math.max(end, endOf(token, text, from));
      }
      return end < 0 ? text.length() : end;
    }

    private static int endOf(String token, String text, int from) {
      int at = text.lastIndexOf(token);
      return at < from ? -1 : at + token.length();
    }
  }

  /** A row that cannot be trained on under this tokenizer, template and settings. */
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

  /** Finds text in a row that would become special tokens of a model. */
  static final class SpecialTokens {
    private SpecialTokens() {}

    static void refuse(Example example, Tokenizer tokenizer) {
      Optional<String> token = in(example, tokenizer);
      if (token.isEmpty()) return;
      throw new RowRejected(
          example.line(), "contains " + token.get() + ", which is a control token of this model");
    }

    private static Optional<String> in(Example example, Tokenizer tokenizer) {
      return switch (example) {
        case Example.Chat chat -> in(tokenizer, chat.messages(), chat.tools());
        case Example.ChatPromptCompletion chat ->
            in(tokenizer, chat.prompt(), chat.completion(), chat.tools());
        case Example.PromptCompletion pair -> in(tokenizer, pair.prompt(), pair.completion());
        case Example.Text text -> in(tokenizer, text.text());
        case Example.Labelled labelled -> in(tokenizer, labelled.text());
        case Example.PreferencePair pair ->
            in(pair.chosen(), tokenizer).or(() -> in(pair.rejected(), tokenizer));
      };
    }

    private static Optional<String> in(Tokenizer tokenizer, @Nullable Object... values) {
      Deque<Object> open = new ArrayDeque<>();
      add(open, Arrays.asList(values));
      while (!open.isEmpty()) {
        switch (open.remove()) {
          case Map<?, ?> map -> add(open, map.values());
          case List<?> list -> add(open, list);
          case String text -> {
            Optional<String> token = tokenizer.specialTokenIn(text);
            if (token.isPresent()) return token;
          }
          default -> {}
        }
      }
      return Optional.empty();
    }

    private static void add(Deque<Object> open, Iterable<? extends @Nullable Object> values) {
      for (@Nullable Object value : values) {
        if (value != null) open.add(value);
      }
    }
  }
}
