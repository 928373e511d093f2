package dev.graft.inference;

import dev.graft.inference.InferrerOrder.GenerateAsk;
import dev.graft.inference.Reply.TokenScore;
import dev.graft.model.Generator;
import dev.graft.model.LogProbabilities;
import dev.graft.model.Sampling.Sampler;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Continues texts: answers {@link GenerateAsk}s one by one on one loaded base model. */
final class AskHandler implements InferrerCommand.LoadedModel {
  private final ChatText text;
  private final Generator generator;
  private @Nullable String adapter;

  AskHandler(ChatText text, Generator generator) {
    this.text = text;
    this.generator = generator;
  }

  /**
   * @param cancelled checked after each token
   */
  @Override
  public Reply answer(
      InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled) {
    return switch (ask) {
      case GenerateAsk generate ->
          InferrerCommand.LoadedModel.reply(ask, () -> answer(generate, pieces, cancelled));
      case InferrerOrder.ClassifyAsk _ ->
          new Reply.Failed(ask.id(), "this process was started to continue texts");
    };
  }

  private Reply answer(GenerateAsk ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled) {
    useAdapter(ask.adapter());
    ChatText.Plain prompt = ids(ask.prompt());
    int bound = tokenBound(ask, prompt.ids().length);
    checkBias(ask);
    Integer top = ask.decoding().topLogprobs();
    Scorer scorer = top == null ? null : new Scorer(text, top);
    int made = 0;
    try (PrefilledPrompt read =
        PrefilledPrompt.of(generator, text, ask.prompt(), prompt, ask.decoding().echo(), scorer)) {
      for (int choice = 0;
          choice < ask.decoding().choices() && !cancelled.getAsBoolean();
          choice++) {
        made +=
            new ChoiceGenerator(ask, choice, text, scorer, pieces).generate(read, bound, cancelled);
      }
    }
    return new Reply.Done(ask.id(), prompt.ids().length, made);
  }

  @Override
  public void close() {
    generator.close();
  }

  private ChatText.Plain ids(Prompt prompt) {
    ChatText.Plain plain =
        switch (prompt) {
          case Prompt.Conversation turns -> new ChatText.Plain(text.conversation(turns.turns()), 0);
          case Prompt.PlainText plainText -> text.plain(plainText.text());
          case Prompt.Answered answered -> text.answered(answered);
          case Prompt.TokenIds tokens ->
              new ChatText.Plain(tokens.ids().stream().mapToInt(Integer::intValue).toArray(), 0);
        };
    if (plain.ids().length == 0) {
      throw new InferrerCommand.PromptRefused(
          Reply.Cause.INVALID_PROMPT,
          prompt.param(),
          "The prompt is empty, and this model has no token to begin a text with.");
    }
    for (int id : plain.ids()) checkId(id, prompt.param());
    return plain;
  }

  private void useAdapter(@Nullable String wanted) {
    if (Objects.equals(adapter, wanted)) return;
    // if loading fails, the adapter on the base is unknown
    adapter = "?";
    generator.adapter(wanted == null ? null : Path.of(wanted));
    adapter = wanted;
  }

  private int tokenBound(GenerateAsk ask, int promptTokens) {
    int context = generator.context();
    int room = context - promptTokens;
    String param = ask.prompt().param();
    Integer asked = ask.decoding().maxTokens();
    if (room < (asked == null ? 1 : asked)) {
      String requested =
          asked == null
              ? "there are %d in the %s".formatted(promptTokens, param)
              : "you requested %d tokens (%d in the %s, %d in the completion)"
                  .formatted((long) promptTokens + asked, promptTokens, param, asked);
      throw new InferrerCommand.PromptRefused(
          Reply.Cause.CONTEXT_LENGTH_EXCEEDED,
          param,
          "This model's maximum context length is %d tokens, but %s. Shorten the %s or the completion."
              .formatted(context, requested, param));
    }
    return asked != null ? asked : Math.min(room, ask.defaultMaxTokens());
  }

  private void checkBias(GenerateAsk ask) {
    for (int id : ask.decoding().sampling().logitBias().keySet()) checkId(id, "logit_bias");
  }

  private void checkId(int id, String param) {
    if (id >= 0 && id < generator.vocabulary()) return;
    throw new InferrerCommand.PromptRefused(
        Reply.Cause.INVALID_VALUE,
        param,
        "'%s' names token %d, but this model has tokens 0 to %d."
            .formatted(param, id, generator.vocabulary() - 1));
  }

  /**
   * Generates one choice of an answer, token by token.
   *
   * @param scorer null if no scores are wanted
   */
  private record ChoiceGenerator(
      GenerateAsk ask,
      int choice,
      ChatText text,
      @Nullable Scorer scorer,
      Consumer<Reply.Piece> pieces) {
    /** Returns the number of generated tokens. */
    int generate(PrefilledPrompt prompt, int bound, BooleanSupplier cancelled) {
      Generator.Text read = prompt.text();
      if (choice > 0) read.rewind();
      if (ask.decoding().echo()) emit(prompt.echo(), null);
      Sampler sampler = ask.decoding().sampling().sampler(choice);
      GeneratedText answer = new GeneratedText(text, ask.decoding().stop(), prompt.echo().points());
      int made = 0;
      for (int last = 0; !cancelled.getAsBoolean(); made++) {
        if (made == bound) {
          GeneratedText.Part rest = answer.rest();
          emit(rest, answer.stopped() ? Reply.End.STOP : Reply.End.LENGTH);
          break;
        }
        if (made > 0) read.append(last);
        last = sampler.next(read.logits());
        if (text.stopIds().contains(last)) {
          emit(answer.rest(), Reply.End.STOP);
          break;
        }
        Reply.TokenScore score =
            scorer == null ? null : scorer.score(last, read.logits(), answer.length());
        GeneratedText.Part part = answer.add(last, score);
        emit(part, answer.stopped() ? Reply.End.STOP : null);
        if (answer.stopped()) return made + 1;
      }
      return made;
    }

    private void emit(GeneratedText.Part part, Reply.@Nullable End end) {
      if (end == null && part.isEmpty()) return;
      pieces.accept(new Reply.Piece(ask.id(), choice, part.text(), part.scores(), end));
    }
  }

  /**
   * A prompt that the model has read.
   *
   * @param text closed with this
   * @param ids of the prompt
   * @param echo the prompt as a part of an answer that begins with it
   */
  record PrefilledPrompt(Generator.Text text, int[] ids, GeneratedText.Part echo)
      implements AutoCloseable {
    /**
     * @param plain the tokens of {@code prompt}
     * @param scorer null if the scores of its tokens are not wanted
     */
    static PrefilledPrompt of(
        Generator generator,
        ChatText texts,
        Prompt prompt,
        ChatText.Plain plain,
        boolean echo,
        @Nullable Scorer scorer) {
      int[] ids = plain.ids();
      List<Reply.TokenScore> scores = new ArrayList<>();
      Generator.Text text;
      if (echo && scorer != null) {
        if (plain.added() == 0) scores.add(scorer.first(ids[0]));
        text =
            generator.read(
                ids,
                Math.max(1, plain.added()),
                (position, logits) -> scores.add(scorer.score(ids[position], logits, end(scores))));
      } else {
        text = generator.read(ids);
      }
      return new PrefilledPrompt(
          text, ids, new GeneratedText.Part(echo ? own(prompt, texts) : "", scores));
    }

    /** Returns the code points of the scored tokens. */
    private static int end(List<Reply.TokenScore> scores) {
      if (scores.isEmpty()) return 0;
      int end = scores.getLast().offset();
      // A character counts where its first byte is.
      for (byte each : scores.getLast().bytes()) if ((each & 0xC0) != 0x80) end++;
      return end;
    }

    private static String own(Prompt prompt, ChatText texts) {
      return switch (prompt) {
        case Prompt.Conversation turns -> "";
        case Prompt.Answered answered -> answered.answer();
        case Prompt.PlainText plain -> plain.text();
        case Prompt.TokenIds tokens -> {
          ByteArrayOutputStream bytes = new ByteArrayOutputStream();
          tokens.ids().forEach(id -> bytes.writeBytes(texts.bytes(id)));
          yield bytes.toString(StandardCharsets.UTF_8);
        }
      };
    }

    @Override
    public void close() {
      text.close();
    }
  }

  /** Assembles the text and scores of an answer from its tokens, up to a stop string. */
  static final class GeneratedText {
    private final Detokenizer detokenizer;
    private final List<String> stops;

    /** Text that is held back because it may begin a stop string. */
    private String held = "";

    /** Code points of the choice in front of {@link #held}. */
    private int given;

    /** Scores of tokens whose text is held back. */
    private final Deque<TokenScore> waiting = new ArrayDeque<>();

    private boolean stopped;

    /** A part of the answer, which may be empty, with the scores of the tokens that begin in it. */
    record Part(String text, List<TokenScore> scores) {
      int points() {
        return GeneratedText.points(text);
      }

      boolean isEmpty() {
        return text.isEmpty() && scores.isEmpty();
      }
    }

    /**
     * @param before code points of the choice in front of the answer
     */
    GeneratedText(ChatText text, List<String> stop, int before) {
      given = before;
      detokenizer = new Detokenizer(text);
      stops = stop;
    }

    /** Returns the code points in front of the next token. */
    int length() {
      return given + points(held);
    }

    /** Adds a token; returns the text that is final now. */
    Part add(int id, @Nullable TokenScore score) {
      if (score != null) waiting.add(score);
      return release(detokenizer.add(id), false);
    }

    /** Returns the text that was held back, at the end of the answer. */
    Part rest() {
      return stopped ? new Part("", List.of()) : release(detokenizer.rest(), true);
    }

    /** Returns whether the answer contained a stop string. */
    boolean stopped() {
      return stopped;
    }

    private Part release(String more, boolean all) {
      String open = held + more;
      int cut = cut(open);
      stopped = cut >= 0;
      int end = stopped ? cut : open.length() - (all ? 0 : possible(open));
      held = open.substring(end);
      given += points(open.substring(0, end));
      List<TokenScore> scores = new ArrayList<>();
      while (!waiting.isEmpty() && (waiting.element().offset() < given || (all && !stopped))) {
        scores.add(waiting.remove());
      }
      return new Part(open.substring(0, end), scores);
    }

    /** Returns the position of the first stop string in the text, or -1. */
    private int cut(String text) {
      return stops.stream().mapToInt(text::indexOf).filter(at -> at >= 0).min().orElse(-1);
    }

    /** Returns the length of the longest suffix of the text that begins a stop string. */
    private int possible(String text) {
      int longest = 0;
      for (String stop : stops) {
        int length = Math.min(stop.length() - 1, text.length());
        while (length > longest && !stop.startsWith(text.substring(text.length() - length)))
          length--;
        longest = Math.max(longest, length);
      }
      return longest;
    }

    private static int points(String text) {
      return text.codePointCount(0, text.length());
    }
  }

  /**
   * Decodes the tokens of an answer as they come. The text of a token depends on the tokens before
   * it, and a character may span several tokens. So a window of tokens is decoded, and only text
   * that later tokens cannot change is returned.
   */
  static final class Detokenizer {
    /** Tokens that are decoded again as the context of the next ones. */
    private static final int CONTEXT = 4;

    private static final int LONGEST = 64;
    private static final char UNFINISHED = '\uFFFD';

    /** An unfinished character decodes to at most this many replacement characters. */
    private static final int UNFINISHED_BYTES = 3;

    private final ChatText text;
    private int[] window = new int[0];
    private int given;

    Detokenizer(ChatText text) {
      this.text = text;
    }

    /** Adds a token; returns the text that is final now, which may be empty. */
    String add(int id) {
      window = Arrays.copyOf(window, window.length + 1);
      window[window.length - 1] = id;
      String all = text.decode(window);
      int unfinished = unfinished(all);
      int certain = Math.max(all.length() - unfinished, given);
      String next = all.substring(Math.min(given, all.length()), Math.min(certain, all.length()));
      given = certain;
      if (window.length > (unfinished == 0 ? 2 * CONTEXT : LONGEST)) slide(unfinished);
      return next;
    }

    /** Returns the text that was held back, after the last token. */
    String rest() {
      String all = text.decode(window);
      return all.substring(Math.min(given, all.length()));
    }

    private void slide(int unfinished) {
      window = Arrays.copyOfRange(window, window.length - CONTEXT, window.length);
      given = Math.max(0, text.decode(window).length() - unfinished);
    }

    private static int unfinished(String all) {
      int count = 0;
      while (count < Math.min(UNFINISHED_BYTES, all.length())
          && all.charAt(all.length() - 1 - count) == UNFINISHED) count++;
      return count;
    }
  }

  /**
   * Scores tokens by the model's own distribution.
   *
   * @param top the number of candidates in a score
   */
  record Scorer(ChatText text, int top) {
    /**
     * @param logits (vocabulary) at the token's position
     * @param offset code points in front of it
     */
    TokenScore score(int id, float[] logits, int offset) {
      LogProbabilities all = new LogProbabilities(logits);
      List<TokenScore.Candidate> best =
          all.top(top).stream()
              .map(each -> new TokenScore.Candidate(text.bytes(each.id()), each.logProbability()))
              .toList();
      return new TokenScore(text.bytes(id), all.of(id).logProbability(), offset, best);
    }

    /** Returns the score of the first token of a text, which has no probability. */
    TokenScore first(int id) {
      return new TokenScore(text.bytes(id), null, 0, List.of());
    }
  }
}
