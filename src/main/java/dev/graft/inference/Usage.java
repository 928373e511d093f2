package dev.graft.inference;

import dev.graft.inference.child.Reply;
import io.swagger.v3.oas.annotations.media.Schema;

/** Tokens of a request; the prompt counts once, however many choices answer it. */
@Schema(name = "CompletionUsage")
record Usage(int promptTokens, int completionTokens, int totalTokens) {
  static Usage of(Reply.Done done) {
    int total = done.promptTokens() + done.completionTokens();
    return new Usage(done.promptTokens(), done.completionTokens(), total);
  }
}
