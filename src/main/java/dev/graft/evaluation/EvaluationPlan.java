package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an evaluation does; stored as JSON.
 *
 * @param models candidates
 * @param baseline that the candidates are compared with, or null
 * @param file id of the file whose rows are the questions
 * @param seed of the sample of rows and of {@code Comparison}
 */
record EvaluationPlan(
    @Nullable String name,
    List<String> models,
    @Nullable String baseline,
    String file,
    int maxSamples,
    int maxCompletionTokens,
    long seed,
    List<Grader> graders,
    List<QualityGate> gates) {
  /**
   * A baseline of classifiers that predicts the most frequent label of the questions for every
   * text, with its frequency as probability, like scikit-learn's {@code DummyClassifier}.
   */
  public static final String MAJORITY = "majority";

  public EvaluationPlan {
    models = List.copyOf(models);
    graders = List.copyOf(graders);
    gates = List.copyOf(gates);
  }

  /** As the API's JSON, but ignores fields that only a newer release knows. */
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .build();

  /**
   * Reads a plan from the database.
   *
   * @throws tools.jackson.core.JacksonException if this release cannot read it
   */
  static EvaluationPlan read(String stored) {
    return JSON.readValue(stored, EvaluationPlan.class);
  }

  /** Returns the plan as JSON. */
  String write() {
    return JSON.writeValueAsString(this);
  }

  /** Whether the models are classifiers; otherwise they generate text. */
  public boolean labels() {
    return graders.stream().anyMatch(Grader.LabelMatch.class::isInstance);
  }

  public EvaluationPlan of(List<String> candidates, @Nullable String other) {
    return new EvaluationPlan(
        name, candidates, other, file, maxSamples, maxCompletionTokens, seed, graders, gates);
  }

  /** Returns the baseline, if there is one, and the candidates. */
  @JsonIgnore
  public List<String> allModels() {
    List<String> all = new ArrayList<>();
    if (baseline != null) all.add(baseline);
    all.addAll(models);
    return all;
  }

  /** Returns the loss, the graders' scores and, for classifiers, the F1. */
  @JsonIgnore
  public List<Metric> metrics() {
    List<Metric> all = new ArrayList<>(List.of(Metric.OF_LOSS));
    for (int i = 0; i < graders.size(); i++) all.add(new Metric(graders.get(i).name(), i));
    if (labels()) all.add(Metric.OF_F1);
    return all;
  }

  /**
   * A metric of a model: the loss on known answers, or a grader's score of its own answers.
   *
   * @param grader index among the graders; null for the loss and the F1
   */
  record Metric(String name, @Nullable Integer grader) {
    /** Mean negative log-likelihood per token of the known answers, including end tokens. */
    public static final String LOSS = "loss";

    /** Share of correct labels. */
    public static final String ACCURACY = "accuracy";

    /** See {@code MacroF1}. */
    public static final String F1_MACRO = "f1_macro";

    static final Metric OF_LOSS = new Metric(LOSS, null);
    static final Metric OF_F1 = new Metric(F1_MACRO, null);

    public boolean higherIsBetter() {
      return !name.equals(LOSS);
    }

    /** Whether it is a mean of one value per question. */
    public boolean ofEachQuestion() {
      return grader != null || name.equals(LOSS);
    }
  }
}
