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

/** A model's own way between texts and token ids: its tokenizer and chat template. */
interface ChatText {
  /**
   * The ids of the conversation up to where the assistant's answer begins.
   *
   * @throws InferrerCommand.PromptRefused if the model takes no chats, a turn holds text that must
   *     not be tokenised, or the template refuses
   */
  int[] conversation(List<Prompt.Turn> turns);

  /** A text, with what the tokenizer itself puts in front of one. */
  Plain plain(String text);

  /**
   * The ids of a prompt and the answer to it, up to the last that training would have a loss on.
   *
   * @return the ids of the prompt count as added
   * @throws InferrerCommand.PromptRefused as {@link #conversation}, or if the answer has no token
   */
  Plain answered(Prompt.Answered answered);

  /**
   * @param ids may be empty
   * @param added how many of the first ids are not the text's own
   */
  record Plain(int[] ids, int added) {}

  /** The text of generated ids, without special tokens. */
  String decode(int[] ids);

  /** The bytes that a token stands for, perhaps a part of a character. */
  byte[] bytes(int id);

  /** Ids that end a turn. */
  Set<Integer> stopIds();

  /** Tokenizer, chat template and stop tokens of a model directory. */
  static final class ModelText implements ChatText {
    private final Path model;
    private final Tokenizer tokenizer;
    private final @Nullable ChatTemplate template;
    private final String whyNoChats;
    private final RowTokenizer rows;
    private final Set<Integer> stopIds;

    /** Read when somebody asks for log-probabilities. */
    private @Nullable TokenBytes tokenBytes;

    /**
     * @throws RuntimeException of text or weights, saying which file is missing or broken
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
            "The model's chat template does not take these messages: " + rejected.getMessage());
      }
    }

    private ChatTemplate requireTemplate() {
      if (template != null) return template;
      throw new PromptRefused(
          Reply.Cause.INVALID_PROMPT,
          "model",
          "This model takes no chats: %s. Ask it for a completion, which continues a text."
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
            "Prompt and answer cannot be put to this model: the row " + rejected.getMessage());
      }
      int end = row.labels().length;
      while (end > 0 && row.labels()[end - 1] == TokenizedRow.IGNORE) end--;
      int start = end;
      while (start > 0 && row.labels()[start - 1] != TokenizedRow.IGNORE) start--;
      if (start == end) throw refused(answered, "The answer has no token.");
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
        case Prompt.TokenIds before -> throw refused(answered, "Ids are no prompt for an answer.");
        case Prompt.Answered before -> throw refused(answered, "There is an answer already.");
      };
    }

    /**
     * As a chat trains; some templates write earlier answers otherwise, and their places are lost.
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

    /** A turn that could write control tokens could speak in another's name. */
    private void refuseControlTokens(String content, String param) {
      tokenizer
          .specialTokenIn(content)
          .ifPresent(
              token -> {
                throw new PromptRefused(
                    Reply.Cause.INVALID_PROMPT,
                    param,
                    "'%s' holds %s, which is a control token of this model."
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
