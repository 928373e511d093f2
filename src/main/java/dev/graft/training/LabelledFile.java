package dev.graft.training;

import dev.graft.model.NewHead;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import dev.graft.text.Label;
import dev.graft.text.LabelledTokenizer;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import dev.graft.weights.Task.SequenceClassification;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** A tokenised file of labelled texts; the meaning of its labels is known when all are read. */
final class LabelledFile {
  private final RowFile file;
  private final LabelledTokenizer tokenizer;
  private final RunControl control;
  private final List<Problem> rejected = new ArrayList<>();
  private final List<TokenizedRow> texts = new ArrayList<>();
  private final List<Label> labels = new ArrayList<>();
  private final String sha256;

  /**
   * @throws BadRun if the file has a problem, with the first few lines
   */
  public LabelledFile(
      RowFile file, TrainingSpec spec, Tokenizer tokenizer, int maxLength, RunControl control) {
    this.file = file;
    this.control = control;
    this.tokenizer =
        new LabelledTokenizer(
            tokenizer,
            spec.data().allowSpecialTokens(),
            TrainingData.RowSettings.of(spec, maxLength).truncation());
    sha256 = file.read((row, bytes) -> add(row), () -> rejected);
  }

  private void add(Example example) {
    control.pollRepeatable();
    if (rejected.size() >= RowReader.MAX_PROBLEMS) return;
    try {
      texts.add(tokenizer.tokenize(example));
      if (example instanceof Example.Labelled labelled) labels.add(labelled.label());
    } catch (RowRejected e) {
      rejected.add(new Problem(e.line(), String.valueOf(e.getMessage())));
    }
  }

  /** Returns the label of every row. */
  List<Label> labels() {
    return labels;
  }

  /** Returns the rows without the meaning of their labels, to count them. */
  public TrainingData unlabelled() {
    return data(new double[texts.size()][1]);
  }

  /**
   * @throws BadRun if a label is not in the set; the message has the first lines
   */
  TrainingData with(LabelSet set) {
    List<Problem> problems = new ArrayList<>();
    double[][] targets = new double[texts.size()][];
    for (int i = 0; i < targets.length && problems.size() < RowReader.MAX_PROBLEMS; i++) {
      targets[i] = set.target(texts.get(i).line(), labels.get(i), problems);
    }
    file.requireNone(problems);
    return data(targets);
  }

  private TrainingData data(double[][] targets) {
    int cut = (int) texts.stream().filter(TokenizedRow::cut).count();
    return new TrainingData(new Rows.LabelledRows(texts, targets), 0, cut, sha256);
  }

  /**
   * The meaning of the labels of a training file. The classes are those of the file, sorted
   * (numbers by value), unless the base has a trained head with all of them; then they are those of
   * the head.
   */
  static final class LabelSet {
    private static final int MOST_CLASSES = 10_000;

    private final SequenceClassification task;
    private final Map<String, Integer> classes = new HashMap<>();

    LabelSet(SequenceClassification task) {
      this.task = task;
      for (String name : task.labels()) classes.put(name, classes.size());
    }

    /** Returns the head for these labels. */
    SequenceClassification task() {
      return task;
    }

    /**
     * @param labels of the training file, all of one kind
     * @param learned head that training continues with; null = a new one, or the base's
     * @throws BadRun if they do not fit the objective
     */
    static LabelSet of(
        Objective objective,
        List<Label> labels,
        ModelDirectory base,
        @Nullable SequenceClassification learned) {
      if (objective == Objective.REGRESSION) {
        return new LabelSet(SequenceClassification.unnamed(1, Task.Problem.REGRESSION));
      }
      boolean several = !labels.isEmpty() && labels.getFirst() instanceof Label.Names;
      Task.Problem problem =
          several
              ? Task.Problem.MULTI_LABEL_CLASSIFICATION
              : Task.Problem.SINGLE_LABEL_CLASSIFICATION;
      Set<String> names = new TreeSet<>(BY_VALUE);
      for (Label each : labels) names.addAll(each.words());
      if (learned != null) return of(learned, problem, names);
      if (base.config().task() instanceof SequenceClassification head
          && head.problem() == problem
          && head.labels().containsAll(names)
          && NewHead.of(base).isEmpty()) {
        return new LabelSet(head);
      }
      int least = several ? 1 : 2;
      if (names.size() < least || names.size() > MOST_CLASSES) {
        throw new BadRun(
            "training_file",
            "training_file has %d classes; a classification needs %d to %d"
                .formatted(names.size(), least, MOST_CLASSES));
      }
      return new LabelSet(new SequenceClassification(names.size(), problem, List.copyOf(names)));
    }

    private static LabelSet of(
        SequenceClassification learned, Task.Problem problem, Set<String> names) {
      if (learned.problem() != problem || !learned.labels().containsAll(names)) {
        throw new BadRun(
            "training_file",
            "training_file has labels that are not classes of the model that training continues from; its"
                + " classes are "
                + String.join(", ", learned.labels().stream().limit(20).toList()));
      }
      return new LabelSet(learned);
    }

    /** Sorts numbers by value and before words, so that class 10 comes after class 9. */
    private static final Comparator<String> BY_VALUE =
        Comparator.comparing(
                (String name) -> isNumber(name) ? Double.valueOf(name) : Double.POSITIVE_INFINITY)
            .thenComparing(Comparator.naturalOrder());

    private static boolean isNumber(String name) {
      return name.matches("-?[0-9]{1,15}");
    }

    /**
     * Converts a label for the loss.
     *
     * @param problems receives its errors
     * @return the class, or 0 or 1 for each class, or the number
     */
    double[] target(long line, Label label, List<Problem> problems) {
      if (task.problem() == Task.Problem.REGRESSION) {
        if (label instanceof Label.Number(double value)) return new double[] {value};
        problems.add(
            new Problem(line, "has a label that is not a number, which a regression needs"));
        return new double[1];
      }
      List<Integer> found = new ArrayList<>();
      for (String name : label.words()) {
        Integer index = classes.get(name);
        if (index != null) found.add(index);
        else
          problems.add(
              new Problem(line, "has a label that does not occur in the training rows: " + name));
      }
      if (task.problem() == Task.Problem.SINGLE_LABEL_CLASSIFICATION) {
        if (label instanceof Label.Number(double value) && value != Math.rint(value)) {
          problems.add(
              new Problem(line, "has a fraction as label; a class must be a name or an integer"));
        }
        if (label instanceof Label.Names) {
          problems.add(new Problem(line, "has labels, but the training rows have one label each"));
        }
        return new double[] {found.isEmpty() ? 0 : found.getFirst()};
      }
      if (!(label instanceof Label.Names)) {
        problems.add(
            new Problem(line, "has one label, but the training rows have lists of labels"));
      }
      double[] target = new double[task.numLabels()];
      found.forEach(index -> target[index] = 1);
      return target;
    }
  }
}
