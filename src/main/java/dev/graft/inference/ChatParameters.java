package dev.graft.inference;

import static dev.graft.inference.RequestParameter.honoured;
import static dev.graft.inference.RequestParameter.ignored;
import static dev.graft.inference.RequestParameter.refused;

import java.util.List;

/**
 * Every request field of {@code POST /v1/chat/completions} that OpenAI documents, and what Graft
 * does with it. The same table for people is {@code docs/chat.md}; a test compares the two.
 */
final class ChatParameters {
  static final List<RequestParameter> ALL =
      List.of(
          honoured("model", "a base model, or a fine-tuned model of the department"),
          honoured(
              "messages", "roles system, developer (as system), user, assistant; text content"),
          honoured("max_completion_tokens", "upper bound of new tokens"),
          honoured("max_tokens", "older name of max_completion_tokens; the two must agree"),
          honoured("stop", "one string, or up to 4; the answer ends before the first"),
          honoured("n", "1 to 128 choices, one after the other"),
          honoured("temperature", "0 to 2; 0 = the likeliest token, always; absent = 1"),
          honoured("top_p", "0 to 1; absent = 1"),
          honoured("frequency_penalty", "-2 to 2"),
          honoured("presence_penalty", "-2 to 2"),
          honoured("logit_bias", "-100 to 100 by token id of the model's tokenizer"),
          honoured("seed", "the same request with the same seed gives the same answer"),
          honoured("logprobs", "of the model itself, before temperature, penalties and biases"),
          honoured("top_logprobs", "0 to 20, with logprobs"),
          honoured("stream", "server-sent events"),
          honoured(
              "stream_options", "include_usage; include_obfuscation is accepted, nothing is added"),
          ignored("metadata", "kept by nobody: chats are not stored"),
          ignored("moderation", "Graft moderates nothing"),
          ignored("prediction", "a hint for speed"),
          ignored("prompt_cache_key", "a hint for speed"),
          ignored("prompt_cache_options", "a hint for speed"),
          ignored("prompt_cache_retention", "a hint for speed"),
          ignored("safety_identifier", "Graft keeps no user profiles"),
          ignored("service_tier", "there is one tier"),
          ignored("store", "chats are not stored"),
          ignored("user", "Graft keeps no user profiles"),
          refused("audio", "text only"),
          refused("function_call", "not built yet", "\"none\""),
          refused("functions", "not built yet", "[]"),
          refused("modalities", "text only", "[\"text\"]"),
          refused("parallel_tool_calls", "there are no tools", "true", "false"),
          refused("reasoning_effort", "not built yet", "\"none\""),
          refused("response_format", "not built yet", "{\"type\":\"text\"}"),
          refused("tool_choice", "not built yet", "\"none\""),
          refused("tools", "not built yet", "[]"),
          refused("verbosity", "not built yet"),
          refused("web_search_options", "Graft fetches nothing"));

  private ChatParameters() {}
}
