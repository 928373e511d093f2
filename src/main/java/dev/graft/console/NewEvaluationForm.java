package dev.graft.console;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What was chosen; empty fields are left to the server. Nothing is checked here: the API does, and
 * says where.
 *
 * @param graders names in {@link #GRADERS}
 * @param gateMetrics a gate each; one without a metric is none
 * @param gateBounds of the gate at the same place, as the API calls it: {@code at_least}
 * @param gateValues of the gate at the same place
 */
record NewEvaluationForm(
    @Nullable List<String> models,
    @Nullable String baseline,
    @Nullable String file,
    @Nullable String name,
    @Nullable String maxSamples,
    @Nullable String maxTokens,
    @Nullable String seed,
    @Nullable List<String> graders,
    @Nullable List<String> gateMetrics,
    @Nullable List<String> gateBounds,
    @Nullable List<String> gateValues) {

  /**
   * A grader that the form offers, by the field of the API that says what it does.
   *
   * @param usual whether it is chosen at first
   */
  record Offered(String name, String type, String field, String value, boolean usual) {}

  /** As many as an evaluation may have. */
  static final List<Offered> GRADERS =
      List.of(
          check("exact_match", "eq", true),
          check("contains", "like", false),
          check("contains_any_case", "ilike", false),
          similarity("fuzzy_match", false),
          similarity("gleu", false),
          similarity("rouge_1", false),
          similarity("rouge_2", false),
          similarity("rouge_l", true));

  /** How a gate bounds its metric, by the API's name. */
  static final Map<String, String> BOUNDS =
      new java.util.TreeMap<>(
          Map.of(
              "at_least", "at least",
              "at_most", "at most",
              "better_by", "better than the baseline by",
              "worse_by_at_most", "worse than the baseline by at most"));

  private static Offered check(String name, String operation, boolean usual) {
    return new Offered(name, "string_check", "operation", operation, usual);
  }

  private static Offered similarity(String metric, boolean usual) {
    return new Offered(metric, "text_similarity", "evaluation_metric", metric, usual);
  }

  /** The body of {@code POST /v1/evaluations}. */
  ObjectNode request() {
    ObjectNode request = JsonMapper.shared().createObjectNode();
    listed(models).forEach(request.putArray("models")::add);
    put(request, "baseline", baseline);
    put(request, "file", file);
    put(request, "name", name);
    putNumber(request, "max_samples", maxSamples);
    putNumber(request, "max_completion_tokens", maxTokens);
    putNumber(request, "seed", seed);
    if (!listed(graders).isEmpty()) addGraders(request.putArray("graders"));
    addGates(request.putArray("gates"));
    return request;
  }

  private void addGraders(ArrayNode request) {
    for (Offered each : GRADERS) {
      if (!listed(graders).contains(each.name())) continue;
      request
          .addObject()
          .put("type", each.type())
          .put("name", each.name())
          .put(each.field(), each.value());
    }
  }

  private void addGates(ArrayNode request) {
    for (int i = 0; i < listed(gateMetrics).size(); i++) {
      String metric = listed(gateMetrics).get(i);
      if (metric.isBlank()) continue;
      ObjectNode gate = request.addObject().put("metric", metric);
      putNumber(gate, at(gateBounds, i), at(gateValues, i));
    }
  }

  private static List<String> listed(@Nullable List<String> given) {
    return given == null ? List.of() : given;
  }

  private static String at(@Nullable List<String> given, int place) {
    return place < listed(given).size() ? listed(given).get(place) : "";
  }

  private static void put(ObjectNode to, String field, @Nullable String text) {
    if (text != null && !text.isBlank()) to.put(field, text.strip());
  }

  /** What is no number is sent as it is, for the API to refuse by its path. */
  private static void putNumber(ObjectNode to, String field, @Nullable String text) {
    if (text == null || text.isBlank()) return;
    try {
      to.put(field, new BigDecimal(text.strip()));
    } catch (NumberFormatException e) {
      to.put(field, text);
    }
  }
}
