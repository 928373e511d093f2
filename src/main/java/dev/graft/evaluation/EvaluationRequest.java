package dev.graft.evaluation;

import dev.graft.evaluation.EvaluationPlan.Metric;
import dev.graft.platform.RequestFailed;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The unchecked body of {@code POST /v1/evaluations}.
 *
 * @param models candidates
 * @param baseline that the candidates are compared with; null = the base model of the first
 * @param file id of the file whose rows are the questions
 * @param maxSamples number of its rows, sampled at random
 * @param maxCompletionTokens per answer
 */
record EvaluationRequest(
    @Nullable String name,
    @Nullable List<@Nullable String> models,
    @Nullable String baseline,
    @Nullable String file,
    @Nullable Integer maxSamples,
    @Nullable Integer maxCompletionTokens,
    @Nullable Long seed,
    @Nullable List<@Nullable GraderFields> graders,
    @Nullable List<@Nullable QualityGate> gates) {
  private static final int MOST_MODELS = 8;
  private static final int MOST_GRADERS = 8;
  private static final int MOST_GATES = 16;
  private static final int LONGEST_NAME = 200;
  private static final int MOST_TOKENS = 4096;
  private static final int SAMPLES = 200;
  private static final int TOKENS = 256;
  private static final long SEED = 42;

  /** An element of {@code graders}; its type determines its fields. */
  record GraderFields(
      @Nullable String type,
      @Nullable String name,
      Grader.@Nullable StringOperation operation,
      Grader.@Nullable SimilarityMetric evaluationMetric) {
    private Grader read(String path) {
      String kind = RequestFailed.required(type, path + ".type");
      return switch (kind) {
        case "string_check" -> {
          refuse(evaluationMetric, path + ".evaluation_metric", kind);
          Grader.StringOperation wanted = RequestFailed.required(operation, path + ".operation");
          yield new Grader.StringCheck(named(path, wanted.wire()), wanted);
        }
        case "text_similarity" -> {
          refuse(operation, path + ".operation", kind);
          Grader.SimilarityMetric wanted =
              RequestFailed.required(evaluationMetric, path + ".evaluation_metric");
          yield new Grader.TextSimilarity(named(path, wanted.wire()), wanted);
        }
        default -> throw wrong(path + ".type", "must be string_check or text_similarity");
      };
    }

    private String named(String path, String otherwise) {
      String wanted = name == null ? otherwise : name;
      if (wanted.matches("[A-Za-z0-9_-]{1,64}") && !wanted.equals(Metric.LOSS)) return wanted;
      throw wrong(
          path + ".name", "must be 1 to 64 letters, digits, _ or -, and not " + Metric.LOSS);
    }

    private static void refuse(@Nullable Object value, String path, String kind) {
      if (value != null) throw wrong(path, "is not a field of " + kind);
    }
  }

  /**
   * @param what predicate of the sentence whose subject is the path
   */
  private static RequestFailed wrong(String path, String what) {
    return RequestFailed.invalid(path, "'%s' %s.".formatted(path, what));
  }

  /**
   * Checks everything that needs no look-up.
   *
   * @param most maximum number of samples
   * @param labels whether the rows have labels and the models are classifiers
   */
  EvaluationPlan checked(int most, boolean labels) {
    String checkedName = name == null ? null : text(name, "name");
    return new EvaluationPlan(
        checkedName,
        checkedModels(),
        baseline == null ? null : text(baseline, "baseline"),
        RequestFailed.required(file, "file"),
        within(maxSamples, "max_samples", most, Math.min(SAMPLES, most)),
        within(maxCompletionTokens, "max_completion_tokens", MOST_TOKENS, TOKENS),
        seed == null ? SEED : seed,
        checkedGraders(labels),
        checkedGates(labels));
  }

  private static String text(String value, String param) {
    if (!value.isBlank() && value.length() <= LONGEST_NAME && value.indexOf('\0') < 0) return value;
    throw wrong(param, "must have 1 to " + LONGEST_NAME + " characters, and no U+0000");
  }

  private List<String> checkedModels() {
    List<@Nullable String> given = RequestFailed.required(models, "models");
    requireCount(given, "models", 1, MOST_MODELS);
    List<String> all = new ArrayList<>();
    for (int i = 0; i < given.size(); i++) {
      String path = "models[" + i + "]";
      String each = text(RequestFailed.required(given.get(i), path), path);
      if (all.contains(each) || each.equals(baseline)) {
        throw wrong(path, "is a duplicate");
      }
      all.add(each);
    }
    return all;
  }

  private List<Grader> checkedGraders(boolean labels) {
    if (labels) {
      if (graders == null) return List.of(new Grader.LabelMatch(Metric.ACCURACY));
      throw wrong(
          "graders",
          "apply to generated text only; labels are measured by loss, accuracy and f1_macro");
    }
    if (graders == null) {
      return List.of(
          new Grader.StringCheck("exact_match", Grader.StringOperation.EQ),
          new Grader.TextSimilarity("rouge_l", Grader.SimilarityMetric.ROUGE_L));
    }
    requireCount(graders, "graders", 1, MOST_GRADERS);
    List<Grader> read = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 0; i < graders.size(); i++) {
      String path = "graders[" + i + "]";
      Grader grader = RequestFailed.required(graders.get(i), path).read(path);
      if (!names.add(grader.name())) {
        throw wrong(path + ".name", "is also the name of another grader");
      }
      read.add(grader);
    }
    return read;
  }

  private List<QualityGate> checkedGates(boolean labels) {
    if (gates == null) return List.of();
    requireCount(gates, "gates", 0, MOST_GATES);
    Set<String> known = new HashSet<>(Set.of(Metric.LOSS));
    checkedGraders(labels).forEach(grader -> known.add(grader.name()));
    if (labels) known.add(Metric.F1_MACRO);
    List<QualityGate> read = new ArrayList<>();
    for (int i = 0; i < gates.size(); i++) {
      String path = "gates[" + i + "]";
      QualityGate gate = RequestFailed.required(gates.get(i), path);
      String metric = RequestFailed.required(gate.metric(), path + ".metric");
      if (!known.contains(metric)) {
        throw wrong(
            path + ".metric",
            labels
                ? "must be loss, accuracy or f1_macro"
                : "must be %s or the name of a grader".formatted(Metric.LOSS));
      }
      List<Double> bounds =
          Stream.of(gate.atLeast(), gate.atMost(), gate.betterBy(), gate.worseByAtMost())
              .filter(Objects::nonNull)
              .toList();
      if (bounds.size() != 1 || !Double.isFinite(bounds.getFirst())) {
        throw wrong(
            path,
            "must have exactly one of at_least, at_most, better_by and worse_by_at_most, as a number");
      }
      if (gate.compares() && bounds.getFirst() < 0) {
        throw wrong(path, "must not have a negative number to compare by");
      }
      read.add(gate);
    }
    return read;
  }

  private static void requireCount(List<?> list, String param, int least, int most) {
    if (list.size() < least || list.size() > most) {
      throw wrong(param, "must have %d to %d entries".formatted(least, most));
    }
  }

  private static int within(@Nullable Integer value, String param, int most, int otherwise) {
    if (value == null) return otherwise;
    if (value >= 1 && value <= most) return value;
    throw wrong(param, "must be a number from 1 to " + most);
  }
}
