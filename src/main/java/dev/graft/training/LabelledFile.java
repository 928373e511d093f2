package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.Example;
import dev.graft.text.Label;
import dev.graft.text.LabelledTokenizer;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/** A file of labelled texts, tokenised; what its labels mean is known when all are read. */
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
            RowSettings.of(spec, maxLength).truncation());
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

  /** Of every row. */
  List<Label> labels() {
    return labels;
  }

  /** The rows where it does not matter what their labels mean: to count them. */
  public TrainingData unlabelled() {
    return data(new double[texts.size()][1]);
  }

  /**
   * @throws BadRun if a label is not one of the set, with the first few lines
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
    return new TrainingData(new LabelledRows(texts, targets), 0, cut, sha256);
  }
}
