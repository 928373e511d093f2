package dev.graft.inference;

import static dev.graft.inference.BodyFields.RequestParameter.honoured;
import static dev.graft.inference.BodyFields.RequestParameter.ignored;

import dev.graft.inference.Classifications.ClassificationRequest;
import dev.graft.inference.Reply.LabelScore;
import dev.graft.tenancy.Caller;
import dev.graft.weights.Task;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** Texts in, labels with their probabilities out. */
@RestController
class ClassifyController {
  /** The request fields of {@code POST /v1/classify}. */
  private static final List<BodyFields.RequestParameter> PARAMETERS =
      List.of(
          honoured("model", "a fine-tuned classifier, or a base model with a trained head"),
          honoured("input", "a text, or a list of 1 to 256 texts"),
          honoured(
              "truncation",
              "true cuts a text that is longer than the model's context at its end; absent ="
                  + " false: such a text is refused"),
          honoured(
              "top_k", "1 to 100: the maximum number of classes, likeliest first; absent = 100"),
          ignored("user", "Graft keeps no user profiles"));

  private final Classifications classifications;

  ClassifyController(Classifications classifications) {
    this.classifications = classifications;
  }

  @PostMapping("/v1/classify")
  ClassificationObject classify(
      @AuthenticationPrincipal Caller caller,
      @RequestBody JsonNode body,
      HttpServletResponse response)
      throws IOException {
    var found = classifications.classify(caller.departmentId(), read(new BodyFields(body)));
    CompletionController.writeModelHeaders(response, found.version(), found.published());
    return ClassificationObject.of(found);
  }

  private static ClassificationRequest read(BodyFields fields) {
    BodyFields.RequestParameter.check(PARAMETERS, fields.body());
    Integer top = fields.whole("top_k", 1, ClassificationRequest.MAX_LABELS);
    return new ClassificationRequest(
        fields.model(),
        texts(fields),
        fields.flag("truncation"),
        top == null ? ClassificationRequest.MAX_LABELS : top);
  }

  private static List<String> texts(BodyFields fields) {
    if (!fields.has("input")) throw InferenceRefused.missing("input");
    JsonNode input = fields.body().path("input");
    if (!input.isArray()) return List.of(text(input, "input"));
    if (input.isEmpty() || input.size() > ClassificationRequest.MAX_TEXTS) {
      throw InferenceRefused.value(
          "input",
          "must be a text or a list of 1 to %d texts, but has %d"
              .formatted(ClassificationRequest.MAX_TEXTS, input.size()));
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < input.size(); i++) texts.add(text(input.get(i), "input[" + i + "]"));
    return texts;
  }

  private static String text(JsonNode node, String path) {
    if (node.isString() && !node.stringValue().isEmpty()) return node.stringValue();
    throw InferenceRefused.value(path, "must be a non-empty text");
  }

  /**
   * The answer of {@code POST /v1/classify}.
   *
   * @param problemType transformers' name of the kind of problem
   */
  record ClassificationObject(
      String id,
      String object,
      long created,
      String model,
      String systemFingerprint,
      String problemType,
      List<TextLabelsObject> data,
      ClassificationUsage usage) {
    /** In multi-label problems, a text has the classes with a probability above this. */
    private static final double GIVEN = 0.5;

    /**
     * @param index of the text in the request
     * @param label the likeliest; null for a regression
     * @param score its probability, or the number of a regression
     * @param labels of the text: one, several in multi-label problems, none for a regression
     * @param probabilities by label, the likeliest first; empty for a regression
     */
    record TextLabelsObject(
        String object,
        int index,
        @Nullable String label,
        double score,
        List<String> labels,
        Map<String, Double> probabilities) {
      static TextLabelsObject of(int index, List<LabelScore> scores, Task.Problem problem) {
        LabelScore first = scores.getFirst();
        if (problem == Task.Problem.REGRESSION) {
          return new TextLabelsObject(
              "classification", index, null, first.score(), List.of(), Map.of());
        }
        Map<String, Double> probabilities = new LinkedHashMap<>();
        for (LabelScore each : scores) probabilities.put(each.label(), each.score());
        List<String> labels =
            switch (problem) {
              case SINGLE_LABEL_CLASSIFICATION -> List.of(first.label());
              case MULTI_LABEL_CLASSIFICATION ->
                  scores.stream()
                      .filter(each -> each.score() > GIVEN)
                      .map(LabelScore::label)
                      .toList();
              case REGRESSION -> List.of();
            };
        return new TextLabelsObject(
            "classification", index, first.label(), first.score(), labels, probabilities);
      }
    }

    /** Tokens of all texts; a classifier generates none. */
    record ClassificationUsage(int promptTokens, int totalTokens) {}

    static ClassificationObject of(Classifications.Classification found) {
      List<TextLabelsObject> data = new ArrayList<>();
      for (int i = 0; i < found.texts().size(); i++) {
        data.add(TextLabelsObject.of(i, found.texts().get(i), found.problem()));
      }
      return new ClassificationObject(
          found.id(),
          "list",
          found.created(),
          found.model(),
          found.fingerprint(),
          found.problem().wireName(),
          data,
          new ClassificationUsage(found.tokens(), found.tokens()));
    }
  }
}
