package dev.graft.inference;

import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;

/** Texts in, labels with their probabilities out. */
@RestController
class ClassifyController {
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
    ModelHeaders.write(response, found.version(), found.published());
    return ClassificationObject.of(found);
  }

  private static ClassificationRequest read(BodyFields fields) {
    RequestParameter.check(ClassifyParameters.ALL, fields.body());
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
          "must be a text or a list of 1 to %d texts, not of %d"
              .formatted(ClassificationRequest.MAX_TEXTS, input.size()));
    }
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < input.size(); i++) texts.add(text(input.get(i), "input[" + i + "]"));
    return texts;
  }

  private static String text(JsonNode node, String path) {
    if (node.isString() && !node.stringValue().isEmpty()) return node.stringValue();
    throw InferenceRefused.value(path, "must be a text that is not empty");
  }
}
