package dev.graft.weights;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** The task of a model's head. */
public sealed interface Task {
  /** Predicts the next token. */
  record CausalLm() implements Task {}

  /**
   * Computes one or more numbers for a whole text.
   *
   * @param labels names of the outputs, {@code id2label} in order
   */
  record SequenceClassification(int numLabels, Problem problem, List<String> labels)
      implements Task {
    public SequenceClassification {
      labels = List.copyOf(labels);
      if (numLabels < 1 || labels.size() != numLabels) {
        throw new IllegalArgumentException(
            numLabels + " outputs do not match " + labels.size() + " labels");
      }
      if (problem == Problem.SINGLE_LABEL_CLASSIFICATION && numLabels == 1) {
        throw new IllegalArgumentException("single-label classification needs at least two labels");
      }
    }

    /** Creates a head with transformers' default names, {@code LABEL_0} and so on. */
    public static SequenceClassification unnamed(int numLabels, Problem problem) {
      List<String> labels = IntStream.range(0, numLabels).mapToObj(i -> "LABEL_" + i).toList();
      return new SequenceClassification(numLabels, problem, labels);
    }
  }

  /** {@code problem_type}: the meaning of the outputs, which determines the loss. */
  enum Problem {
    /** Cross-entropy over the outputs. */
    SINGLE_LABEL_CLASSIFICATION,
    /** Binary cross-entropy of each output. */
    MULTI_LABEL_CLASSIFICATION,
    /** Squared error of each output. */
    REGRESSION;

    /** Returns the name in {@code config.json}. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
