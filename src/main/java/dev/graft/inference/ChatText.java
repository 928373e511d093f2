package dev.graft.inference;

import dev.graft.inference.InferrerCommand.PromptRefused;
import dev.graft.spec.TrainingSpec.DataOptions;
import dev.graft.text.ChatTemplate;
import dev.graft.text.ChatTemplate.TemplateRejected;
import dev.graft.text.Example;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenBytes;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.text.Tokenizer.BadTokenizer;
import dev.graft.text.Truncation;
import dev.graft.weights.ModelDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Converts between texts and token ids with a model's tokenizer and chat template. */
interface ChatText {
  /**
   * Returns the ids of the conversation up to the beginning of the assistant's answer.
   *
   * @throws InferrerCommand.PromptRefused if the model has no chat template, a turn contains
   *     control tokens, or the template rejects the conversation
   */
  int[] conversation(List<Prompt.Turn> turns);

  /** Returns the ids of a text, with the tokens that the tokenizer puts in front of it. */
  Plain plain(String text);

  /**
   * Returns the ids of a prompt and its answer, up to the last token with a loss in training. The
   * ids of the prompt count as added.
   *
   * @throws InferrerCommand.PromptRefused as {@link #conversation}, or if the answer has no tokens
   */
  Plain answered(Prompt.Answered answered);

  /**
   * @param ids may be empty
   * @param added how many of the first ids are not from the text
   */
  record Plain(int[] ids, int added) {}

  /** Returns the text of generated ids, without special tokens. */
  String decode(int[] ids);

  /** Returns the bytes of a token, possibly a part of a character. */
  byte[] bytes(int id);

  /** Returns the ids that end a turn. */
  Set<Integer> stopIds();

  /** Tokenizer, chat template and stop tokens of a model directory. */
  static final class ModelText implements ChatText {
    private final Path model;
    private final Tokenizer tokenizer;
    private final @Nullable ChatTemplate template;
    private final String whyNoChats;
    private final RowTokenizer rows;
    private final Set<Integer> stopIds;

    /** Read at the first request for log-probabilities. */
    private @Nullable TokenBytes tokenBytes;

    /**
     * @throws RuntimeException if a file is missing or broken
     */
    ModelText(Path model) {
      this.model = model;
      tokenizer = Tokenizer.load(model);
      ChatTemplate read = null;
      String why = "";
      try {
        read = tokenizer.chatTemplate(Tokenizer.PINNED_DATE);
      } catch (BadTokenizer | TemplateRejected unusable) {
        why = String.valueOf(unusable.getMessage());
      }
      template = read;
      whyNoChats = why;
      rows =
          new RowTokenizer(tokenizer, this::requireTemplate, DataOptions.DEFAULT, Truncation.NONE);
      try (ModelDirectory directory = ModelDirectory.open(model)) {
        stopIds = new LinkedHashSet<>(directory.config().eosTokenIds());
      }
      String eos = tokenizer.eosToken();
      if (eos != null) tokenizer.id(eos).ifPresent(stopIds::add);
    }

    @Override
    public int[] conversation(List<Prompt.Turn> conversation) {
      ChatTemplate chats = requireTemplate();
      List<Map<String, Object>> turns = new ArrayList<>();
      for (Prompt.Turn turn : conversation) {
        refuseControlTokens(turn.content(), "messages[" + turns.size() + "].content");
        turns.add(turn(turn.role(), turn.content()));
      }
      try {
        return tokenizer.ids(chats.render(turns, null, true).text());
      } catch (TemplateRejected rejected) {
        throw new PromptRefused(
            Reply.Cause.INVALID_PROMPT,
            "messages",
            "The model's chat template rejects these messages: " + rejected.getMessage());
      }
    }

    private ChatTemplate requireTemplate() {
      if (template != null) return template;
      throw new PromptRefused(
          Reply.Cause.INVALID_PROMPT,
          "model",
          "This model takes no chats: %s. Use a completion, which continues a text."
              .formatted(whyNoChats));
    }

    @Override
    public Plain answered(Prompt.Answered answered) {
      TokenizedRow row;
      try {
        row = tokenized(answered);
      } catch (RowRejected rejected) {
        throw refused(
            answered,
            "The model cannot read this prompt and answer: the row " + rejected.getMessage());
      }
      int end = row.labels().length;
      while (end > 0 && row.labels()[end - 1] == TokenizedRow.IGNORE) end--;
      int start = end;
      while (start > 0 && row.labels()[start - 1] != TokenizedRow.IGNORE) start--;
      if (start == end) throw refused(answered, "The answer has no tokens.");
      return new Plain(Arrays.copyOf(row.ids(), end), start);
    }

    private static PromptRefused refused(Prompt.Answered answered, String message) {
      return new PromptRefused(Reply.Cause.INVALID_PROMPT, answered.param(), message);
    }

    private TokenizedRow tokenized(Prompt.Answered answered) {
      return switch (answered.before()) {
        case Prompt.Conversation before -> {
          List<Map<String, Object>> turns =
              before.turns().stream().map(turn -> turn(turn.role(), turn.content())).toList();
          yield tokenized(turns, List.of(turn("assistant", answered.answer())));
        }
        case Prompt.PlainText before ->
            rows.tokenize(new Example.PromptCompletion(1, before.text(), answered.answer()))
                .getLast();
        case Prompt.TokenIds before ->
            throw refused(answered, "A known answer needs a prompt of text.");
        case Prompt.Answered before -> throw refused(answered, "The prompt already has an answer.");
      };
    }

    /**
     * Tokenizes as in training on chats. Templates that render earlier answers differently need the
     * prompt and the answer apart.
     */
    private TokenizedRow tokenized(
        List<Map<String, Object>> before, List<Map<String, Object>> answer) {
      List<Map<String, Object>> all = new ArrayList<>(before);
      all.addAll(answer);
      try {
        return rows.tokenize(new Example.Chat(1, all, null)).getLast();
      } catch (RowRejected unplaced) {
        return rows.tokenize(new Example.ChatPromptCompletion(1, before, answer, null)).getLast();
      }
    }

    private static Map<String, Object> turn(String role, String content) {
      return Map.of("role", role, "content", content);
    }

    @Override
    public Plain plain(String text) {
      int[] own = tokenizer.ids(text);
      String first = tokenizer.addsBos() || own.length == 0 ? tokenizer.bosToken() : null;
      if (first == null && own.length == 0) first = tokenizer.eosToken();
      if (first == null || text.startsWith(first)) return new Plain(own, 0);
      Optional<Integer> id = tokenizer.id(first);
      if (id.isEmpty()) return new Plain(own, 0);
      int[] ids = IntStream.concat(IntStream.of(id.get()), IntStream.of(own)).toArray();
      return new Plain(ids, 1);
    }

    /** Refuses control tokens, with which a turn could pretend to be of another role. */
    private void refuseControlTokens(String content, String param) {
      tokenizer
          .specialTokenIn(content)
          .ifPresent(
              token -> {
                throw new PromptRefused(
                    Reply.Cause.INVALID_PROMPT,
                    param,
                    "'%s' contains %s, which is a control token of this model."
                        .formatted(param, token));
              });
    }

    @Override
    public String decode(int[] ids) {
      return tokenizer.decode(ids, true);
    }

    @Override
    public byte[] bytes(int id) {
      if (tokenBytes == null) tokenBytes = TokenBytes.read(model);
      return tokenBytes.of(id);
    }

    @Override
    public Set<Integer> stopIds() {
      return stopIds;
    }
  }
}
