package dev.graft.weights;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What a model's head is for. */
public sealed interface Task {
  /** The next token. */
  record CausalLm() implements Task {}

  /**
   * One or more numbers for a whole text.
   *
   * @param labels names of the outputs, {@code id2label} in order
   */
  record SequenceClassification(int numLabels, Problem problem, List<String> labels)
      implements Task {
    public SequenceClassification {
      labels = List.copyOf(labels);
      if (numLabels < 1 || labels.size() != numLabels) {
        throw new IllegalArgumentException(
            numLabels + " outputs do not fit " + labels.size() + " labels");
      }
      if (problem == Problem.SINGLE_LABEL_CLASSIFICATION && numLabels == 1) {
        throw new IllegalArgumentException("a single label needs a choice of at least two");
      }
    }

    /** With the names that transformers gives: {@code LABEL_0} and so on. */
    public static SequenceClassification unnamed(int numLabels, Problem problem) {
      List<String> labels = IntStream.range(0, numLabels).mapToObj(i -> "LABEL_" + i).toList();
      return new SequenceClassification(numLabels, problem, labels);
    }
  }

  /** {@code problem_type}: what the outputs mean, and with it the loss. */
  enum Problem {
    /** Cross-entropy over the outputs. */
    SINGLE_LABEL_CLASSIFICATION,
    /** Binary cross-entropy of each output. */
    MULTI_LABEL_CLASSIFICATION,
    /** Squared error of each output. */
    REGRESSION;

    /** As in {@code config.json}. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
