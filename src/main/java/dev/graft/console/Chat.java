package dev.graft.console;

import java.util.List;

/** OpenAI's answer to a chat. */
record Chat(List<Choice> choices, Usage usage) {
  record Choice(Message message, String finishReason) {}

  record Message(String content) {}

  record Usage(long promptTokens, long completionTokens) {}
}
