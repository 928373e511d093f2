package dev.graft.inference.api.completions;

import static dev.graft.inference.api.RequestParameter.Treatment.HONOURED;
import static dev.graft.inference.api.RequestParameter.Treatment.IGNORED;
import static dev.graft.inference.api.RequestParameter.Treatment.REFUSED;

import dev.graft.inference.api.RequestParameter;
import java.util.List;
import java.util.Map;

/**
 * Every request field of {@code POST /v1/completions} that OpenAI documents, and what Graft does
 * with it. The same table for people is {@code docs/chat.md}; a test compares the two.
 */
public enum TextCompletionParameter implements RequestParameter {
  MODEL(HONOURED, "a base model, or a fine-tuned model of the department"),
  PROMPT(HONOURED, "a text, a list of token ids, or a list of either; 128 choices in all"),
  ECHO(HONOURED, "the answer begins with the prompt; with logprobs the prompt is scored too"),
  MAX_TOKENS(HONOURED, "upper bound of new tokens, 0 too; absent = 16"),
  STOP(HONOURED, "one string, or up to 4; the answer ends before the first"),
  N(HONOURED, "1 to 128 choices, one after the other"),
  TEMPERATURE(HONOURED, "0 to 2; 0 = the likeliest token, always; absent = 1"),
  TOP_P(HONOURED, "0 to 1; absent = 1"),
  FREQUENCY_PENALTY(HONOURED, "-2 to 2"),
  PRESENCE_PENALTY(HONOURED, "-2 to 2"),
  LOGIT_BIAS(HONOURED, "-100 to 100 by token id of the model's tokenizer"),
  SEED(HONOURED, "the same request with the same seed gives the same answer"),
  LOGPROBS(HONOURED, "0 to 5; of the model itself, before temperature, penalties and biases"),
  STREAM(HONOURED, "server-sent events"),
  STREAM_OPTIONS(HONOURED, "include_usage; include_obfuscation is accepted, nothing is added"),

  USER(IGNORED, "Graft keeps no user profiles"),

  BEST_OF(REFUSED, "no choices are made to be thrown away", "1"),
  SUFFIX(REFUSED, "the models continue texts, they fill no gaps", "\"\"");

  public static final Map<String, RequestParameter> TABLE = RequestParameter.byName(values());

  private final Rule rule;

  TextCompletionParameter(Treatment treatment, String note, String... neutral) {
    this.rule = new Rule(treatment, note, List.of(neutral));
  }

  @Override
  public Rule rule() {
    return rule;
  }
}
