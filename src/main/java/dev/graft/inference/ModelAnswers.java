package dev.graft.inference;

import dev.graft.inference.child.Prompt;
import dev.graft.inference.child.Reply;
import dev.graft.inference.child.TokenScore;
import dev.graft.platform.RequestFailed;
import dev.graft.text.Example;
import dev.graft.training.generation.Sampling;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.stereotype.Service;

/**
 * Asks models questions whose answer is known, for other modules: always the likeliest token, so
 * that equal questions have equal answers, on whatever machine answers chats.
 */
@Service
@Profile("server")
public class ModelAnswers {
  private static final Duration SOON = Duration.ofSeconds(2);

  private final ServedModels models;
  private final Answers answers;

  ModelAnswers(ServedModels models, Answers answers) {
    this.models = models;
    this.answers = answers;
  }

  /**
   * Changes when the files that answer under this name do.
   *
   * @throws RequestFailed if the department has no such model, or it writes no text
   */
  public String fingerprint(String departmentId, String model) throws IOException {
    return models.named(departmentId, model).fingerprint();
  }

  /** Whether a question can be put to a model at all: text alone, by the three roles. */
  public static boolean takes(Example.Completion question) {
    return prompt(question) != null && reference(question) != null;
  }

  /** The answer that is known. */
  public static @Nullable String reference(Example.Completion question) {
    return switch (question) {
      case Example.PromptCompletion text -> text.completion();
      case Example.ChatCompletion chat -> {
        if (chat.completion().size() != 1) yield null;
        Prompt.Turn turn = turn(chat.completion().getFirst());
        yield turn == null || !turn.role().equals("assistant") ? null : turn.content();
      }
    };
  }

  /**
   * @param maxTokens of the model's own answer
   * @throws NoAnswer if there is none now
   * @throws RequestFailed if the department has no such model any more
   */
  public ModelAnswer ask(
      String departmentId, String model, Example.Completion question, int maxTokens)
      throws InterruptedException, IOException, NoAnswer {
    Prompt prompt = prompt(question);
    String reference = reference(question);
    if (prompt == null || reference == null) {
      return new ModelAnswer.Refused("It is more than text by the three roles.");
    }
    try {
      Said own = say(departmentId, model, prompt, decoding(maxTokens, false));
      return new ModelAnswer.Given(
          own.choice().text(),
          own.choice().end() == Reply.End.LENGTH,
          own.tokens(),
          likelihood(departmentId, model, prompt, reference));
    } catch (ChatRefused refused) {
      return switch (refused.type()) {
        case CONTEXT_LENGTH_EXCEEDED, INVALID_PROMPT, INVALID_VALUE ->
            new ModelAnswer.Refused(refused.getMessage());
        case UNAVAILABLE, INTERNAL ->
            throw new NoAnswer(
                refused.getMessage(), refused.retryAfter().orElse(SOON), refused.busy());
        default -> throw refused;
      };
    }
  }

  /** Null where the model cannot say it: an engine, or an answer that does not fit the context. */
  private ModelAnswer.@Nullable Likelihood likelihood(
      String departmentId, String model, Prompt prompt, String reference)
      throws InterruptedException, IOException {
    try {
      List<TokenScore> scores =
          say(departmentId, model, new Prompt.Answered(prompt, reference), decoding(0, true))
              .choice()
              .scores();
      double sum = 0;
      for (TokenScore each : scores) {
        Double logProbability = each.logProbability();
        if (logProbability == null) return null;
        sum += logProbability;
      }
      return new ModelAnswer.Likelihood(sum, scores.size());
    } catch (ChatRefused refused) {
      return switch (refused.type()) {
        case CONTEXT_LENGTH_EXCEEDED, INVALID_PROMPT, INVALID_VALUE -> null;
        default -> throw refused;
      };
    }
  }

  private record Said(Answering.Choice choice, int tokens) {}

  private Said say(String departmentId, String model, Prompt prompt, Decoding decoding)
      throws InterruptedException, IOException {
    AnswerRequest request = new AnswerRequest(model, List.of(prompt), decoding, null);
    try (Answering answering = answers.begin(departmentId, "answer-", request)) {
      Answering.Choice choice = answering.whole().getFirst();
      return new Said(choice, answering.done().completionTokens());
    } catch (ChatRefused refused) {
      // a thread that was interrupted while it waited is told of it as a chat would be
      if (Thread.interrupted()) throw new InterruptedException();
      throw refused;
    }
  }

  private static Decoding decoding(int maxTokens, boolean scored) {
    return new Decoding(scored, maxTokens, 1, Sampling.GREEDY, List.of(), scored ? 0 : null);
  }

  private static @Nullable Prompt prompt(Example.Completion question) {
    return switch (question) {
      case Example.PromptCompletion text -> new Prompt.PlainText(text.prompt());
      case Example.ChatCompletion chat -> {
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
    boolean plain = !message.containsKey("tool_calls") && !message.containsKey("reasoning_content");
    return known && plain && message.get("content") instanceof String content
        ? new Prompt.Turn(role, content)
        : null;
  }
}
