package dev.graft.inference;

import dev.graft.weights.Task;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;

/** Asks as requests do. */
@Service
class TextLabeller implements TextLabels {
  private final ServedModels models;
  private final Classifications answers;

  TextLabeller(ServedModels models, Classifications answers) {
    this.models = models;
    this.answers = answers;
  }

  @Override
  public String fingerprint(String departmentId, String model) throws IOException {
    return models.classifier(departmentId, model).fingerprint();
  }

  @Override
  public GreedyCompletion label(String departmentId, String model, String text, String known)
      throws InterruptedException, IOException, CompletionFailed {
    ClassificationRequest request =
        new ClassificationRequest(model, List.of(text), true, Integer.MAX_VALUE);
    try {
      Classification found = answers.classify(departmentId, request);
      if (found.problem() != Task.Problem.SINGLE_LABEL_CLASSIFICATION) {
        throw InferenceRefused.unsupported(
            "model", "must give each text one label, but '%s' does not".formatted(model));
      }
      List<LabelScore> labels = found.texts().getFirst();
      return new GreedyCompletion.Given(
          labels.getFirst().label(), false, 0, likelihood(labels, known), found.fingerprint());
    } catch (InferenceRefused refused) {
      if (Thread.interrupted()) throw new InterruptedException();
      return switch (refused.type()) {
        case INVALID_PROMPT -> new GreedyCompletion.Refused(refused.getMessage());
        case UNAVAILABLE, INTERNAL -> throw CompletionFailed.of(refused);
        default -> throw refused;
      };
    }
  }

  /** Null of a label that the model does not know. */
  private static GreedyCompletion.@Nullable Likelihood likelihood(
      List<LabelScore> labels, String known) {
    for (LabelScore each : labels) {
      if (!each.label().equals(known)) continue;
      return new GreedyCompletion.Likelihood(
          Math.log(Math.max(each.score(), Double.MIN_NORMAL)), 1);
    }
    return null;
  }
}
