package dev.graft.inference;

import dev.graft.platform.RequestFailed;
import dev.graft.text.Example;
import java.io.IOException;

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
}
