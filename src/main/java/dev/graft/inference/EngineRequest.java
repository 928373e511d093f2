package dev.graft.inference;

import dev.graft.model.Sampling;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What an engine is asked: one choice, streamed.
 *
 * @param path under the engine's URL
 */
record EngineRequest(String path, ObjectNode body) {
  /** Engines differ in what they take for a seed: all take these. */
  private static final long SEEDS = 0x7FFFFFFF;

  static EngineRequest of(GenerateAsk ask, int choice, String model) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("model", model);
    boolean chat =
        switch (ask.prompt()) {
          case Prompt.Conversation conversation -> {
            ArrayNode messages = body.putArray("messages");
            for (Prompt.Turn turn : conversation.turns()) {
              messages.addObject().put("role", turn.role()).put("content", turn.content());
            }
            yield true;
          }
          case Prompt.PlainText text -> {
            body.put("prompt", text.text());
            yield false;
          }
          case Prompt.TokenIds tokens -> {
            ArrayNode ids = body.putArray("prompt");
            tokens.ids().forEach(ids::add);
            yield false;
          }
          case Prompt.Answered answered ->
              throw new IllegalArgumentException("engines are not asked about answers");
        };
    Decoding decoding = ask.decoding();
    addSampling(body, decoding.sampling(), choice);
    Integer bound = decoding.maxTokens();
    if (bound != null) body.put("max_tokens", bound);
    if (decoding.echo()) body.put("echo", true);
    if (!decoding.stop().isEmpty()) decoding.stop().forEach(body.putArray("stop")::add);
    Integer top = decoding.topLogprobs();
    if (top != null && chat) body.put("logprobs", true).put("top_logprobs", top);
    if (top != null && !chat) body.put("logprobs", top);
    body.put("stream", true).putObject("stream_options").put("include_usage", true);
    return new EngineRequest(chat ? "/chat/completions" : "/completions", body);
  }

  private static void addSampling(ObjectNode body, Sampling sampling, int choice) {
    body.put("temperature", sampling.temperature()).put("top_p", sampling.topP());
    if (sampling.frequencyPenalty() != 0) {
      body.put("frequency_penalty", sampling.frequencyPenalty());
    }
    if (sampling.presencePenalty() != 0) body.put("presence_penalty", sampling.presencePenalty());
    body.put("seed", (sampling.seed() + choice) & SEEDS);
    if (sampling.logitBias().isEmpty()) return;
    ObjectNode bias = body.putObject("logit_bias");
    sampling.logitBias().forEach((id, value) -> bias.put(String.valueOf(id), value));
  }
}
