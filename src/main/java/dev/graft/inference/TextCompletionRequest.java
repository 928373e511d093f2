package dev.graft.inference;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the body of a completion; what cannot be honoured is refused by its name. */
final class TextCompletionRequest {
  private static final int MAX_TOP = 5;
  private static final int DEFAULT_MAX_TOKENS = 16;

  private TextCompletionRequest() {}

  static GenerationRequest read(BodyFields fields) {
    RequestParameter.check(TextCompletionParameters.ALL, fields.body());
    Integer bound = fields.whole("max_tokens", 0, Integer.MAX_VALUE);
    GenerationRequest request =
        new GenerationRequest(
            fields.model(),
            prompts(fields),
            DecodingReader.read(
                fields,
                fields.flag("echo"),
                bound == null ? DEFAULT_MAX_TOKENS : bound,
                fields.whole("logprobs", 0, MAX_TOP)));
    if (request.choices() > DecodingReader.MAX_CHOICES) {
      throw InferenceRefused.value(
          "prompt",
          "asks for %d choices in all; at most %d can be made at a time"
              .formatted(request.choices(), DecodingReader.MAX_CHOICES));
    }
    return request;
  }

  /** A text, a list of token ids, or a list of either. */
  private static List<Prompt> prompts(BodyFields fields) {
    if (!fields.has("prompt")) throw InferenceRefused.missing("prompt");
    JsonNode prompt = fields.body().path("prompt");
    Prompt one = prompt(prompt, "prompt");
    if (one != null) return List.of(one);
    List<Prompt> prompts = new ArrayList<>();
    for (int i = 0; i < prompt.size(); i++) {
      String path = "prompt[" + i + "]";
      Prompt each = prompt(prompt.get(i), path);
      if (each == null) throw notAPrompt(path);
      prompts.add(each);
    }
    if (prompts.isEmpty()) throw notAPrompt("prompt");
    return prompts;
  }

  private static @Nullable Prompt prompt(JsonNode node, String path) {
    if (node.isString()) return new Prompt.PlainText(node.stringValue());
    if (!node.isArray()) throw notAPrompt(path);
    if (!node.path(0).isNumber()) return null;
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      if (!node.get(i).isInt() || node.get(i).intValue() < 0) {
        throw InferenceRefused.value(path + "[" + i + "]", "must be the id of a token");
      }
      ids.add(node.get(i).intValue());
    }
    return new Prompt.TokenIds(ids);
  }

  private static InferenceRefused notAPrompt(String path) {
    return InferenceRefused.value(path, "must be a text or a list of token ids");
  }
}
