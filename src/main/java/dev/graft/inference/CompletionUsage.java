package dev.graft.inference;

/** Tokens of a request; the prompt counts once, however many choices answer it. */
record CompletionUsage(int promptTokens, int completionTokens, int totalTokens) {
  static CompletionUsage of(Reply.Done done) {
    int total = done.promptTokens() + done.completionTokens();
    return new CompletionUsage(done.promptTokens(), done.completionTokens(), total);
  }
}
