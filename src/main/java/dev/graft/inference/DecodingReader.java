package dev.graft.inference;

import dev.graft.model.Sampling;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the fields that say how an answer is made, of chats and completions alike. */
final class DecodingReader {
  static final int MAX_CHOICES = 128;
  private static final int MAX_STOPS = 4;

  private DecodingReader() {}

  static Decoding read(
      BodyFields fields, boolean echo, @Nullable Integer maxTokens, @Nullable Integer topLogprobs) {
    Integer choices = fields.whole("n", 1, MAX_CHOICES);
    return new Decoding(
        echo,
        maxTokens,
        choices == null ? 1 : choices,
        sampling(fields),
        fields.strings("stop", MAX_STOPS),
        topLogprobs);
  }

  /** A request without a seed gets one by lot. */
  private static Sampling sampling(BodyFields fields) {
    Long seed = fields.whole("seed");
    return new Sampling(
        fields.number("temperature", 0, 2, 1),
        fields.number("top_p", 0, 1, 1),
        fields.number("frequency_penalty", -2, 2, 0),
        fields.number("presence_penalty", -2, 2, 0),
        logitBias(fields),
        seed == null ? ThreadLocalRandom.current().nextLong() : seed);
  }

  private static Map<Integer, Double> logitBias(BodyFields fields) {
    if (!fields.has("logit_bias")) return Map.of();
    JsonNode node = fields.body().path("logit_bias");
    if (!node.isObject()) {
      throw InferenceRefused.value("logit_bias", "must be an object of token ids and numbers");
    }
    Map<Integer, Double> bias = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : node.properties()) {
      String path = "logit_bias." + each.getKey();
      if (!each.getKey().matches("0|[1-9]\\d{0,8}")) {
        throw InferenceRefused.value(path, "must be the id of a token, a whole number");
      }
      bias.put(Integer.valueOf(each.getKey()), BodyFields.number(each.getValue(), path, -100, 100));
    }
    return bias;
  }
}
