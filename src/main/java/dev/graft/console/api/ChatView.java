package dev.graft.console.api;

import java.util.List;

/** OpenAI's answer to a chat. */
record ChatView(List<ChoiceView> choices, UsageView usage) {
  record ChoiceView(MessageView message, String finishReason) {}

  record MessageView(String content) {}

  record UsageView(long promptTokens, long completionTokens) {}
}
