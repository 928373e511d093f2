package dev.graft.inference;

import dev.graft.platform.RequestFailed;
import java.io.IOException;

/** Has classifiers label texts whose label is known, for other modules. */
public interface TextLabels {
  /**
   * Changes when the files that answer under this name do.
   *
   * @throws RequestFailed if the department has no such model, or it labels nothing
   */
  String fingerprint(String departmentId, String model) throws IOException;

  /**
   * A text that is too long for the model is cut at its end.
   *
   * @param known its label: the answer tells how likely that was, as of one token
   * @return the likeliest label as the text of an answer without tokens
   * @throws GreedyCompletions.CompletionFailed if there is none now
   * @throws IOException if the model's files cannot be read now
   * @throws RequestFailed if the department has no such model any more, or it does not give each
   *     text one label
   */
  GreedyCompletions.GreedyCompletion label(
      String departmentId, String model, String text, String known)
      throws InterruptedException, IOException, GreedyCompletions.CompletionFailed;
}
