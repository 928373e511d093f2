package dev.graft.inference;

import static dev.graft.inference.ChatParameter.Treatment.HONOURED;
import static dev.graft.inference.ChatParameter.Treatment.IGNORED;
import static dev.graft.inference.ChatParameter.Treatment.REFUSED;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/**
 * Every request field of {@code POST /v1/chat/completions} that OpenAI documents, and what Graft
 * does with it. The same table for people is {@code docs/chat.md}; a test compares the two.
 *
 * <p>A refused field may still be sent with a value that asks for what happens anyway (its neutral
 * values, or null), because clients send their defaults.
 */
enum ChatParameter {
  MODEL(HONOURED, "a base model, or a fine-tuned model of the department"),
  MESSAGES(HONOURED, "roles system, developer (as system), user, assistant; text content"),
  MAX_COMPLETION_TOKENS(HONOURED, "upper bound of new tokens"),
  MAX_TOKENS(HONOURED, "older name of max_completion_tokens; the two must agree"),
  STOP(HONOURED, "one string, or up to 4; the answer ends before the first"),
  N(HONOURED, "one choice", "1"),
  TEMPERATURE(HONOURED, "0 (greedy); absent also means greedy", "0", "0.0"),

  METADATA(IGNORED, "kept by nobody: chats are not stored"),
  MODERATION(IGNORED, "Graft moderates nothing"),
  PREDICTION(IGNORED, "a hint for speed"),
  PROMPT_CACHE_KEY(IGNORED, "a hint for speed"),
  PROMPT_CACHE_OPTIONS(IGNORED, "a hint for speed"),
  PROMPT_CACHE_RETENTION(IGNORED, "a hint for speed"),
  SAFETY_IDENTIFIER(IGNORED, "Graft keeps no user profiles"),
  SEED(IGNORED, "greedy answers are the same for every seed"),
  SERVICE_TIER(IGNORED, "there is one tier"),
  STORE(IGNORED, "chats are not stored"),
  USER(IGNORED, "Graft keeps no user profiles"),

  AUDIO(REFUSED, "text only"),
  FREQUENCY_PENALTY(REFUSED, "not built yet", "0", "0.0"),
  FUNCTION_CALL(REFUSED, "not built yet", "\"none\""),
  FUNCTIONS(REFUSED, "not built yet", "[]"),
  LOGIT_BIAS(REFUSED, "not built yet", "{}"),
  LOGPROBS(REFUSED, "not built yet", "false"),
  MODALITIES(REFUSED, "text only", "[\"text\"]"),
  PARALLEL_TOOL_CALLS(REFUSED, "there are no tools", "true", "false"),
  PRESENCE_PENALTY(REFUSED, "not built yet", "0", "0.0"),
  REASONING_EFFORT(REFUSED, "not built yet", "\"none\""),
  RESPONSE_FORMAT(REFUSED, "not built yet", "{\"type\":\"text\"}"),
  STREAM(REFUSED, "not built yet", "false"),
  STREAM_OPTIONS(REFUSED, "not built yet"),
  TOOL_CHOICE(REFUSED, "not built yet", "\"none\""),
  TOOLS(REFUSED, "not built yet", "[]"),
  TOP_LOGPROBS(REFUSED, "not built yet", "0"),
  TOP_P(REFUSED, "sampling is not built yet", "1", "1.0"),
  VERBOSITY(REFUSED, "not built yet"),
  WEB_SEARCH_OPTIONS(REFUSED, "Graft fetches nothing");

  /** What happens to a field that is sent. */
  enum Treatment {
    /** Does what OpenAI's reference says, within the stated bounds. */
    HONOURED,
    /** Accepted; it would not change the answer. */
    IGNORED,
    /** Would change the answer and is not built: the request is refused with this param. */
    REFUSED
  }

  private final Treatment treatment;
  private final String note;
  private final List<String> neutral;

  ChatParameter(Treatment treatment, String note, String... neutral) {
    this.treatment = treatment;
    this.note = note;
    this.neutral = List.of(neutral);
  }

  static Optional<ChatParameter> named(String name) {
    return Arrays.stream(values()).filter(p -> p.wireName().equals(name)).findFirst();
  }

  String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  Treatment treatment() {
    return treatment;
  }

  String note() {
    return note;
  }

  /** The values, as JSON text, that a bounded or refused field may have. */
  List<String> neutral() {
    return neutral;
  }

  boolean accepts(JsonNode value) {
    return value.isNull() || neutral.contains(value.toString());
  }
}
