package dev.graft.weights.gguf;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a tokenizer.json does to a text before it merges, so that two can be compared: sequences are
 * flat, what is left out stands there, and what only moves offsets is gone.
 */
record TokenizerSteps(
    List<JsonNode> normalizers, List<JsonNode> preTokenizers, boolean ignoreMerges) {
  TokenizerSteps {
    normalizers = List.copyOf(normalizers);
    preTokenizers = List.copyOf(preTokenizers);
  }

  static TokenizerSteps of(JsonNode tokenizer) {
    return new TokenizerSteps(
        flat(tokenizer.path("normalizer"), "normalizers"),
        flat(tokenizer.path("pre_tokenizer"), "pretokenizers"),
        tokenizer.path("model").path("ignore_merges").asBoolean(false));
  }

  private static List<JsonNode> flat(JsonNode node, String parts) {
    List<JsonNode> steps = new ArrayList<>();
    if (!node.isObject()) return steps;
    if (type(node).equals("Sequence")) {
      for (JsonNode each : node.path(parts)) steps.addAll(flat(each, parts));
    } else {
      steps.add(plain((ObjectNode) node.deepCopy()));
    }
    return steps;
  }

  private static JsonNode plain(ObjectNode step) {
    switch (type(step)) {
      case "ByteLevel" -> {
        step.remove("trim_offsets");
        if (!step.has("use_regex")) step.put("use_regex", true);
        if (!step.has("add_prefix_space")) step.put("add_prefix_space", true);
      }
      case "Split" -> {
        if (!step.has("invert")) step.put("invert", false);
      }
      default -> {}
    }
    return step;
  }

  static String type(JsonNode node) {
    return node.path("type").asString("");
  }
}
