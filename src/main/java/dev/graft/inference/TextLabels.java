package dev.graft.inference;

import dev.graft.platform.RequestFailed;
import java.io.IOException;

/** Labels texts with known labels, for other modules. */
public interface TextLabels {
  /**
   * Returns a text that changes when the files of the model change.
   *
   * @throws RequestFailed if the department has no such model, or it labels nothing
   */
  String fingerprint(String departmentId, String model) throws IOException;

  /**
   * Labels a text. A text that is too long for the model is cut at its end.
   *
   * @param known its known label, whose likelihood the answer has as that of one token
   * @return the likeliest label as the text of an answer without tokens
   * @throws GreedyCompletions.CompletionFailed if there is no answer now
   * @throws IOException if the model's files cannot be read now
   * @throws RequestFailed if the department has no such model any more, or it does not give each
   *     text one label
   */
  GreedyCompletions.GreedyCompletion label(
      String departmentId, String model, String text, String known)
      throws InterruptedException, IOException, GreedyCompletions.CompletionFailed;
}
