package dev.graft.inference;

import dev.graft.inference.child.Reply;

/** Tokens of a request; the prompt counts once, however many choices answer it. */
record Usage(int promptTokens, int completionTokens, int totalTokens) {
  static Usage of(Reply.Done done) {
    int total = done.promptTokens() + done.completionTokens();
    return new Usage(done.promptTokens(), done.completionTokens(), total);
  }
}
