package dev.graft.inference;

import static dev.graft.inference.RequestParameter.honoured;
import static dev.graft.inference.RequestParameter.ignored;
import static dev.graft.inference.RequestParameter.refused;

import java.util.List;

/**
 * Every request field of {@code POST /v1/completions} that OpenAI documents, and what Graft does
 * with it. The same table for people is {@code docs/chat.md}; a test compares the two.
 */
final class TextCompletionParameters {
  static final List<RequestParameter> ALL =
      List.of(
          honoured("model", "a base model, or a fine-tuned model of the department"),
          honoured(
              "prompt", "a text, a list of token ids, or a list of either; 128 choices in all"),
          honoured(
              "echo", "the answer begins with the prompt; with logprobs the prompt is scored too"),
          honoured("max_tokens", "upper bound of new tokens, 0 too; absent = 16"),
          honoured("stop", "one string, or up to 4; the answer ends before the first"),
          honoured("n", "1 to 128 choices, one after the other"),
          honoured("temperature", "0 to 2; 0 = the likeliest token, always; absent = 1"),
          honoured("top_p", "0 to 1; absent = 1"),
          honoured("frequency_penalty", "-2 to 2"),
          honoured("presence_penalty", "-2 to 2"),
          honoured("logit_bias", "-100 to 100 by token id of the model's tokenizer"),
          honoured("seed", "the same request with the same seed gives the same answer"),
          honoured(
              "logprobs", "0 to 5; of the model itself, before temperature, penalties and biases"),
          honoured("stream", "server-sent events"),
          honoured(
              "stream_options", "include_usage; include_obfuscation is accepted, nothing is added"),
          ignored("user", "Graft keeps no user profiles"),
          refused("best_of", "no choices are made to be thrown away", "1"),
          refused("suffix", "the models continue texts, they fill no gaps", "\"\""));

  private TextCompletionParameters() {}
}
