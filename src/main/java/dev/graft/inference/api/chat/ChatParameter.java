package dev.graft.inference.api.chat;

import static dev.graft.inference.api.RequestParameter.Treatment.HONOURED;
import static dev.graft.inference.api.RequestParameter.Treatment.IGNORED;
import static dev.graft.inference.api.RequestParameter.Treatment.REFUSED;

import dev.graft.inference.api.RequestParameter;
import java.util.List;
import java.util.Map;

/**
 * Every request field of {@code POST /v1/chat/completions} that OpenAI documents, and what Graft
 * does with it. The same table for people is {@code docs/chat.md}; a test compares the two.
 */
public enum ChatParameter implements RequestParameter {
  MODEL(HONOURED, "a base model, or a fine-tuned model of the department"),
  MESSAGES(HONOURED, "roles system, developer (as system), user, assistant; text content"),
  MAX_COMPLETION_TOKENS(HONOURED, "upper bound of new tokens"),
  MAX_TOKENS(HONOURED, "older name of max_completion_tokens; the two must agree"),
  STOP(HONOURED, "one string, or up to 4; the answer ends before the first"),
  N(HONOURED, "1 to 128 choices, one after the other"),
  TEMPERATURE(HONOURED, "0 to 2; 0 = the likeliest token, always; absent = 1"),
  TOP_P(HONOURED, "0 to 1; absent = 1"),
  FREQUENCY_PENALTY(HONOURED, "-2 to 2"),
  PRESENCE_PENALTY(HONOURED, "-2 to 2"),
  LOGIT_BIAS(HONOURED, "-100 to 100 by token id of the model's tokenizer"),
  SEED(HONOURED, "the same request with the same seed gives the same answer"),
  LOGPROBS(HONOURED, "of the model itself, before temperature, penalties and biases"),
  TOP_LOGPROBS(HONOURED, "0 to 20, with logprobs"),
  STREAM(HONOURED, "server-sent events"),
  STREAM_OPTIONS(HONOURED, "include_usage; include_obfuscation is accepted, nothing is added"),

  METADATA(IGNORED, "kept by nobody: chats are not stored"),
  MODERATION(IGNORED, "Graft moderates nothing"),
  PREDICTION(IGNORED, "a hint for speed"),
  PROMPT_CACHE_KEY(IGNORED, "a hint for speed"),
  PROMPT_CACHE_OPTIONS(IGNORED, "a hint for speed"),
  PROMPT_CACHE_RETENTION(IGNORED, "a hint for speed"),
  SAFETY_IDENTIFIER(IGNORED, "Graft keeps no user profiles"),
  SERVICE_TIER(IGNORED, "there is one tier"),
  STORE(IGNORED, "chats are not stored"),
  USER(IGNORED, "Graft keeps no user profiles"),

  AUDIO(REFUSED, "text only"),
  FUNCTION_CALL(REFUSED, "not built yet", "\"none\""),
  FUNCTIONS(REFUSED, "not built yet", "[]"),
  MODALITIES(REFUSED, "text only", "[\"text\"]"),
  PARALLEL_TOOL_CALLS(REFUSED, "there are no tools", "true", "false"),
  REASONING_EFFORT(REFUSED, "not built yet", "\"none\""),
  RESPONSE_FORMAT(REFUSED, "not built yet", "{\"type\":\"text\"}"),
  TOOL_CHOICE(REFUSED, "not built yet", "\"none\""),
  TOOLS(REFUSED, "not built yet", "[]"),
  VERBOSITY(REFUSED, "not built yet"),
  WEB_SEARCH_OPTIONS(REFUSED, "Graft fetches nothing");

  public static final Map<String, RequestParameter> TABLE = RequestParameter.byName(values());

  private final Rule rule;

  ChatParameter(Treatment treatment, String note, String... neutral) {
    this.rule = new Rule(treatment, note, List.of(neutral));
  }

  @Override
  public Rule rule() {
    return rule;
  }
}
