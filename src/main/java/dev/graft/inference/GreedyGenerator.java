package dev.graft.inference;

import dev.graft.model.Sampling;
import dev.graft.text.Example;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;

/** Asks as chats do; how likely the known answer is, is a question of its own. */
@Service
class GreedyGenerator implements GreedyCompletions {
  private final ServedModels models;
  private final Generations answers;

  GreedyGenerator(ServedModels models, Generations answers) {
    this.models = models;
    this.answers = answers;
  }

  @Override
  public String fingerprint(String departmentId, String model) throws IOException {
    return models.writer(departmentId, model).fingerprint();
  }

  @Override
  public GreedyCompletion ask(
      String departmentId, String model, Example.Completion question, int maxTokens)
      throws InterruptedException, IOException, CompletionFailed {
    Prompt prompt = ReferenceAnswer.prompt(question);
    String reference = ReferenceAnswer.reference(question);
    if (prompt == null || reference == null) {
      return new GreedyCompletion.Refused("It is more than text by the three roles.");
    }
    try {
      Said own = say(departmentId, model, prompt, decoding(maxTokens, false));
      return new GreedyCompletion.Given(
          own.choice().text(),
          own.choice().end() == Reply.End.LENGTH,
          own.tokens(),
          likelihood(departmentId, model, prompt, reference),
          own.fingerprint());
    } catch (InferenceRefused refused) {
      return switch (refused.type()) {
        case CONTEXT_LENGTH_EXCEEDED, INVALID_PROMPT, INVALID_VALUE ->
            new GreedyCompletion.Refused(refused.getMessage());
        case UNAVAILABLE, INTERNAL -> throw CompletionFailed.of(refused);
        default -> throw refused;
      };
    }
  }

  /** Null where the model cannot say it: an engine, or an answer that does not fit the context. */
  private GreedyCompletion.@Nullable Likelihood likelihood(
      String departmentId, String model, Prompt prompt, String reference)
      throws InterruptedException, IOException {
    try {
      Prompt known = new Prompt.Answered(prompt, reference);
      List<TokenScore> scores =
          say(departmentId, model, known, decoding(0, true)).choice().scores();
      double sum = 0;
      for (TokenScore each : scores) {
        Double logProbability = each.logProbability();
        if (logProbability == null) return null;
        sum += logProbability;
      }
      return new GreedyCompletion.Likelihood(sum, scores.size());
    } catch (InferenceRefused refused) {
      return switch (refused.type()) {
        case CONTEXT_LENGTH_EXCEEDED, INVALID_PROMPT, INVALID_VALUE -> null;
        default -> throw refused;
      };
    }
  }

  private record Said(OngoingGeneration.Choice choice, int tokens, String fingerprint) {}

  private Said say(String departmentId, String model, Prompt prompt, Decoding decoding)
      throws InterruptedException, IOException {
    GenerationRequest request = new GenerationRequest(model, List.of(prompt), decoding);
    try (OngoingGeneration answering = answers.begin(departmentId, "answer-", request)) {
      OngoingGeneration.Choice choice = answering.whole().getFirst();
      return new Said(choice, answering.done().completionTokens(), answering.head().fingerprint());
    } catch (InferenceRefused refused) {
      // a thread that was interrupted while it waited is told of it as a chat would be
      if (Thread.interrupted()) throw new InterruptedException();
      throw refused;
    }
  }

  private static Decoding decoding(int maxTokens, boolean scored) {
    return new Decoding(scored, maxTokens, 1, Sampling.GREEDY, List.of(), scored ? 0 : null);
  }
}
