package dev.graft.inference;

import static dev.graft.inference.RequestParameter.honoured;
import static dev.graft.inference.RequestParameter.ignored;

import java.util.List;

/** Every request field of {@code POST /v1/classify}, and what Graft does with it. */
final class ClassifyParameters {
  static final List<RequestParameter> ALL =
      List.of(
          honoured("model", "a fine-tuned classifier, or a base model with a trained head"),
          honoured("input", "a text, or a list of 1 to 256 texts"),
          honoured(
              "truncation",
              "true cuts a text that is longer than the model's context at its end; absent ="
                  + " false: it is refused"),
          honoured("top_k", "1 to 100: the likeliest classes that are told; absent = 100"),
          ignored("user", "Graft keeps no user profiles"));

  private ClassifyParameters() {}
}
