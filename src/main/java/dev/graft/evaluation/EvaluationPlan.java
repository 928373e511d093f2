package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation does. It is kept with it, as JSON.
 *
 * @param models candidates
 * @param baseline that they are compared with; null = there is none
 * @param file id of the rows that are asked
 * @param seed of the choice of rows, and of what {@code Comparison} draws
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
   * A baseline of classifiers that is no model: the most frequent label of the questions for every
   * text, as likely as it is frequent, as scikit-learn's {@code DummyClassifier} has it.
   */
  public static final String MAJORITY = "majority";

  public EvaluationPlan {
    models = List.copyOf(models);
    graders = List.copyOf(graders);
    gates = List.copyOf(gates);
  }

  /** Whether its models label texts; else they write them. */
  public boolean labels() {
    return graders.stream().anyMatch(Grader.LabelMatch.class::isInstance);
  }

  public EvaluationPlan of(List<String> candidates, @Nullable String other) {
    return new EvaluationPlan(
        name, candidates, other, file, maxSamples, maxCompletionTokens, seed, graders, gates);
  }

  /** Everyone who is asked: the baseline, if there is one, and the candidates. */
  @JsonIgnore
  public List<String> everyone() {
    List<String> all = new ArrayList<>();
    if (baseline != null) all.add(baseline);
    all.addAll(models);
    return all;
  }

  /** The loss, what the graders say, and of classifiers the F1. */
  @JsonIgnore
  public List<Metric> metrics() {
    List<Metric> all = new ArrayList<>(List.of(Metric.OF_LOSS));
    for (int i = 0; i < graders.size(); i++) all.add(new Metric(graders.get(i).name(), i));
    if (labels()) all.add(Metric.OF_F1);
    return all;
  }

  /**
   * A number of a model: how likely the known answers are to it, or what a grader says of its own.
   *
   * @param grader its place among the graders; null = the loss, or the F1
   */
  record Metric(String name, @Nullable Integer grader) {
    /** Mean negative log-likelihood of a token of the known answers, their ends included. */
    public static final String LOSS = "loss";

    /** Share of the right labels. */
    public static final String ACCURACY = "accuracy";

    /** See {@code MacroF1}. */
    public static final String F1_MACRO = "f1_macro";

    static final Metric OF_LOSS = new Metric(LOSS, null);
    static final Metric OF_F1 = new Metric(F1_MACRO, null);

    public boolean higherIsBetter() {
      return !name.equals(LOSS);
    }

    /** Whether it is a mean of numbers that each question has; else of all questions together. */
    public boolean ofEachQuestion() {
      return grader != null || name.equals(LOSS);
    }
  }
}
