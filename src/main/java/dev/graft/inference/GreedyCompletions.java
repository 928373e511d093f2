package dev.graft.inference;

import dev.graft.platform.RequestFailed;
import dev.graft.text.Example;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Asks models questions with a known answer, for other modules. Decoding is greedy, so that equal
 * questions have equal answers on any machine.
 */
public interface GreedyCompletions {
  /**
   * Returns a text that changes when the files of the model change.
   *
   * @throws RequestFailed if the department has no such model, or it writes no text
   */
  String fingerprint(String departmentId, String model) throws IOException;

  /**
   * Asks a question.
   *
   * @param question must be {@link ReferenceAnswer#isAskable}
   * @param maxTokens of the model's own answer
   * @throws CompletionFailed if there is no answer now
   * @throws IOException if the model's files cannot be read now
   * @throws RequestFailed if the department has no such model any more
   */
  GreedyCompletion ask(
      String departmentId, String model, Example.Completion question, int maxTokens)
      throws InterruptedException, IOException, CompletionFailed;

  /** The result of a question to a model. */
  public sealed interface GreedyCompletion {
    /**
     * The model's own answer.
     *
     * @param cut whether it ended at the maximum number of tokens
     * @param known likelihood of the known answer; null if it is unknown
     * @param fingerprint of the files of the model
     */
    record Given(
        String text, boolean cut, int tokens, @Nullable Likelihood known, String fingerprint)
        implements GreedyCompletion {}

    /** The model cannot answer this question, now or later. */
    record Refused(String why) implements GreedyCompletion {}

    /**
     * The likelihood of an answer, given the prompt.
     *
     * @param logProbability natural logarithm, summed over its tokens
     * @param tokens number of tokens with the end of the turn, as in training
     */
    record Likelihood(double logProbability, int tokens) {}
  }

  /** A model did not answer this time. */
  public static final class CompletionFailed extends Exception {
    private static final long serialVersionUID = 1L;

    private static final Duration SOON = Duration.ofSeconds(2);

    private final Duration retryAfter;
    private final boolean busy;

    /** Returns a failure after which a retry may succeed. */
    public static CompletionFailed of(InferenceRefused refused) {
      return new CompletionFailed(
          refused.getMessage(), refused.retryAfter().orElse(SOON), refused.busy());
    }

    /**
     * @param why a sentence for people
     */
    public CompletionFailed(String why, Duration retryAfter, boolean busy) {
      super(why);
      this.retryAfter = retryAfter;
      this.busy = busy;
    }

    /** Returns a sentence for people. */
    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }

    public Duration retryAfter() {
      return retryAfter;
    }

    /** Returns whether the question was never asked, for lack of capacity. */
    public boolean busy() {
      return busy;
    }
  }

  /** Converts rows of files to questions with known answers. */
  public static final class ReferenceAnswer {
    private ReferenceAnswer() {}

    /** Returns whether a row is a question: text only, by system, user and assistant. */
    public static boolean isAskable(Example.Completion row) {
      return prompt(row) != null && reference(row) != null;
    }

    /** Returns the known answer; null if there is none, or it is not text only. */
    public static @Nullable String reference(Example.Completion row) {
      return switch (row) {
        case Example.PromptCompletion text -> text.completion();
        case Example.ChatPromptCompletion chat -> {
          if (chat.completion().size() != 1 || isNoExample(chat.completion().getFirst()))
            yield null;
          Prompt.Turn turn = turn(chat.completion().getFirst());
          yield turn == null || !turn.role().equals("assistant") ? null : turn.content();
        }
      };
    }

    /** An answer with weight 0 is context, not an example. */
    private static boolean isNoExample(Map<String, Object> message) {
      return message.get("weight") instanceof Number weight && weight.doubleValue() == 0;
    }

    public static @Nullable Prompt prompt(Example.Completion row) {
      return switch (row) {
        case Example.PromptCompletion text -> new Prompt.PlainText(text.prompt());
        case Example.ChatPromptCompletion chat -> {
          if (chat.tools() != null || chat.prompt().isEmpty()) yield null;
          List<Prompt.Turn> turns = new ArrayList<>();
          for (Map<String, Object> message : chat.prompt()) {
            Prompt.Turn turn = turn(message);
            if (turn == null) yield null;
            turns.add(turn);
          }
          yield new Prompt.Conversation(turns);
        }
      };
    }

    /** Returns null if the message is not text only or has another role. */
    private static Prompt.@Nullable Turn turn(Map<String, Object> message) {
      String role = String.valueOf(message.get("role"));
      boolean known = role.equals("system") || role.equals("user") || role.equals("assistant");
      boolean plain =
          !message.containsKey("tool_calls") && !message.containsKey("reasoning_content");
      return known && plain && message.get("content") instanceof String content
          ? new Prompt.Turn(role, content)
          : null;
    }
  }
}
