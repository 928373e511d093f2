package dev.graft.console;

import jakarta.servlet.http.HttpServletResponse;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Controller;
import org.springframework.ui.Model;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.ModelAttribute;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Evaluations: start, progress, results and samples. */
@Controller
@RequestMapping("/console/evaluations")
class EvaluationsConsoleController {
  private static final int PAGE = 20;

  private final ConsoleApi api;
  private final Choices choices;

  EvaluationsConsoleController(ConsoleApi api, Choices choices) {
    this.api = api;
    this.choices = choices;
  }

  @GetMapping
  String list(
      @RequestParam @Nullable String after, @RequestParam @Nullable String part, Model page) {
    page.addAttribute("evaluations", api.evaluations(after, PAGE));
    page.addAttribute("after", after);
    return part == null ? "evaluations" : "evaluations :: rows";
  }

  @GetMapping("/new")
  String form(@RequestParam @Nullable String model, Model page) {
    page.addAttribute("models", choices.models(model));
    page.addAttribute("files", choices.files(null));
    page.addAttribute("model", model);
    page.addAttribute("graders", NewEvaluationForm.GRADERS);
    page.addAttribute("bounds", NewEvaluationForm.BOUNDS);
    return "new-evaluation";
  }

  @PostMapping
  void create(@ModelAttribute NewEvaluationForm form, HttpServletResponse response) {
    String id = api.createEvaluation(form.request()).id();
    response.setHeader("hx-redirect", "/console/evaluations/" + id);
    response.setStatus(HttpServletResponse.SC_NO_CONTENT);
  }

  @GetMapping("/{id}")
  String evaluation(@PathVariable String id, @RequestParam @Nullable String part, Model page) {
    page.addAttribute("evaluation", api.evaluation(id));
    return part == null ? "evaluation" : "evaluation :: live";
  }

  /**
   * Shows questions with all answers, optionally only those that a model answers better or worse.
   */
  @GetMapping("/{id}/samples")
  String samples(
      @PathVariable String id,
      @RequestParam @Nullable String outcome,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      Model page) {
    boolean all = outcome == null || outcome.isBlank();
    String of = all || model == null || model.isBlank() ? null : model;
    page.addAttribute("id", id);
    page.addAttribute("samples", api.samples(id, all ? null : outcome, of, after, PAGE));
    page.addAttribute("outcome", outcome);
    page.addAttribute("model", model);
    return "samples";
  }

  @PostMapping("/{id}/cancel")
  String cancel(@PathVariable String id) {
    api.cancelEvaluation(id);
    return "redirect:/console/evaluations/" + id;
  }

  @PostMapping("/{id}/delete")
  String delete(@PathVariable String id) {
    api.deleteEvaluation(id);
    return "redirect:/console/evaluations";
  }

  /** An evaluation of the API. */
  record EvaluationView(
      String id,
      String status,
      @Nullable String name,
      @Nullable String baseline,
      List<String> models,
      String file,
      @Nullable String fileName,
      int maxSamples,
      int maxCompletionTokens,
      long seed,
      List<GraderView> graders,
      List<GateView> gates,
      long createdAt,
      @Nullable Long questions,
      ProgressView progress,
      @Nullable List<PartialView> partialResults,
      @Nullable ResultsView results,
      @Nullable ProblemView error,
      @Nullable String waitsFor) {

    private static final Set<String> ENDED = Set.of("succeeded", "failed", "cancelled");

    public record ProgressView(long answered, @Nullable Long total) {}

    public record ProblemView(String code, String message) {}

    /**
     * @param passed null without gates
     */
    public record ResultsView(long compared, List<MeasuredView> models, @Nullable Boolean passed) {}

    public record MeasuredView(
        String model,
        boolean baseline,
        Map<String, MetricView> metrics,
        long cut,
        List<GateView> gates,
        @Nullable Boolean passed,
        @Nullable ConfusionView confusion) {}

    /**
     * @param counts a row per known label, a column per predicted label; null if there are too many
     */
    public record ConfusionView(List<ClassView> classes, @Nullable List<List<Long>> counts) {}

    public record ClassView(
        String label, double precision, double recall, double f1, long support) {}

    public record MetricView(
        double value,
        long questions,
        @Nullable List<Double> confidenceInterval,
        @Nullable DifferenceView againstBaseline) {}

    public record DifferenceView(
        double difference,
        List<Double> confidenceInterval,
        double pValue,
        long better,
        long worse,
        long equal,
        String verdict) {}

    /** Partial results of a model. */
    public record PartialView(
        String model, boolean baseline, long answered, Map<String, Double> metrics) {}

    public record GraderView(
        String type, String name, @Nullable String operation, @Nullable String evaluationMetric) {
      /** Returns a title such as {@code exact_match (string_check eq)}. */
      public String title() {
        String how = operation == null ? evaluationMetric : operation;
        return how == null ? name : "%s (%s %s)".formatted(name, type, how);
      }
    }

    /**
     * @param value the compared value; it and {@code passed} are only in results
     */
    public record GateView(
        String metric,
        @Nullable Double atLeast,
        @Nullable Double atMost,
        @Nullable Double betterBy,
        @Nullable Double worseByAtMost,
        @Nullable Double value,
        @Nullable Boolean passed,
        @Nullable String reason) {
      /** Returns a title such as {@code exact_match at least 0.8}. */
      public String title() {
        if (atLeast != null) return metric + " at least " + atLeast;
        if (atMost != null) return metric + " at most " + atMost;
        if (betterBy != null) return metric + " better by " + betterBy;
        return metric + " worse by at most " + worseByAtMost;
      }
    }

    public record SampleView(
        String id,
        long line,
        @Nullable List<TurnView> messages,
        @Nullable String prompt,
        String reference,
        List<AnswerView> answers) {}

    public record TurnView(String role, String content) {}

    public record AnswerView(
        String model,
        @Nullable String text,
        @Nullable Double loss,
        Map<String, Double> scores,
        @Nullable String refusal) {}

    public boolean ended() {
      return ENDED.contains(status);
    }

    public String title() {
      return name == null ? id : name;
    }

    /** Returns the models without answers so far. */
    public List<String> unasked() {
      List<PartialView> partial = partialResults == null ? List.of() : partialResults;
      return Stream.concat(Stream.ofNullable(baseline), models.stream())
          .filter(each -> partial.stream().noneMatch(one -> one.model().equals(each)))
          .toList();
    }

    public int percent() {
      if (status.equals("succeeded")) return 100;
      Long total = progress.total();
      return total == null || total == 0 ? 0 : (int) (100 * progress.answered() / total);
    }
  }

  /**
   * The submitted form. Empty fields are omitted; the API validates the request.
   *
   * @param graders names of {@link #GRADERS}
   * @param gateMetrics the metric of each gate; empty = no gate
   * @param gateBounds the API's name of each gate's bound, such as {@code at_least}
   * @param gateValues the value of each gate's bound
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
     * A grader in the form.
     *
     * @param usual whether it is selected by default
     */
    record Offered(String name, String type, String field, String value, boolean usual) {}

    /** The graders in the form; an evaluation may use all of them. */
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

    /** The labels of a gate's bounds, by the API's name. */
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

    /** Returns the body of {@code POST /v1/evaluations}. */
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

    /** Puts a number; other text is sent as it is, so that the API's error names the field. */
    private static void putNumber(ObjectNode to, String field, @Nullable String text) {
      if (text == null || text.isBlank()) return;
      try {
        to.put(field, new BigDecimal(text.strip()));
      } catch (NumberFormatException e) {
        to.put(field, text);
      }
    }
  }
}
