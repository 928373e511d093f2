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
 * Asks models questions whose answer is known, for other modules: always the likeliest token, so
 * that equal questions have equal answers, on whatever machine answers chats.
 */
public interface GreedyCompletions {
  /**
   * Changes when the files that answer under this name do.
   *
   * @throws RequestFailed if the department has no such model, or it writes no text
   */
  String fingerprint(String departmentId, String model) throws IOException;

  /**
   * @param question one of {@link ReferenceAnswer#isAskable}
   * @param maxTokens of the model's own answer
   * @throws CompletionFailed if there is none now
   * @throws IOException if the model's files cannot be read now
   * @throws RequestFailed if the department has no such model any more
   */
  GreedyCompletion ask(
      String departmentId, String model, Example.Completion question, int maxTokens)
      throws InterruptedException, IOException, CompletionFailed;

  /** What came of a question to a model. */
  public sealed interface GreedyCompletion {
    /**
     * The model's own answer.
     *
     * @param cut whether the bound on its tokens ended it
     * @param known how likely the known answer was to it; null where that cannot be said
     * @param fingerprint of the files that answered
     */
    record Given(
        String text, boolean cut, int tokens, @Nullable Likelihood known, String fingerprint)
        implements GreedyCompletion {}

    /** The question does not fit the model, as it would not tomorrow. */
    record Refused(String why) implements GreedyCompletion {}

    /**
     * Of an answer, given the prompt.
     *
     * @param logProbability natural logarithm, of all its tokens together
     * @param tokens with the end of its turn, as training counts them
     */
    record Likelihood(double logProbability, int tokens) {}
  }

  /** A model did not answer this time. */
  public static final class CompletionFailed extends Exception {
    private static final long serialVersionUID = 1L;

    private static final Duration SOON = Duration.ofSeconds(2);

    private final Duration retryAfter;
    private final boolean busy;

    /** For one that is worth another try. */
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

    /** A sentence for people. */
    @Override
    public String getMessage() {
      return String.valueOf(super.getMessage());
    }

    public Duration retryAfter() {
      return retryAfter;
    }

    /** Whether nobody was there for the question; else it was asked, and something broke. */
    public boolean busy() {
      return busy;
    }
  }

  /** A row of a file as a question with the answer that is known to it. */
  public static final class ReferenceAnswer {
    private ReferenceAnswer() {}

    /** Whether a question can be put to a model at all: text alone, by the three roles. */
    public static boolean isAskable(Example.Completion row) {
      return prompt(row) != null && reference(row) != null;
    }

    /** The answer that is known; null if there is none, or it is more than text. */
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

    /** An answer with weight 0 is there to be read, not to be learned. */
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

    /** Null if it is more than a text, or by others than the three. */
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
