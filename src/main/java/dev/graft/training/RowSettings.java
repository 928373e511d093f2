package dev.graft.training;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.DataOptions;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.RowTokenizer;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;

/** How the rows of a run become tokens. */
record RowSettings(DataOptions options, Truncation truncation) {
  /**
   * @param maxLength tokens of a row, or of a sequence where rows share them
   */
  public static RowSettings of(TrainingSpec spec, int maxLength) {
    boolean pretraining = spec.objective() == Objective.PRETRAINING;
    Hyperparameters training = spec.training();
    PackingStrategy packing = training.rows().packingStrategy();
    // where rows are split, nothing is cut off
    boolean cuts = !pretraining && (packing == null || packing == PackingStrategy.BFD);
    return new RowSettings(
        pretraining ? spec.data().everyToken() : spec.data(),
        cuts ? new Truncation(training.rows().truncationMode(), maxLength) : Truncation.NONE);
  }

  public RowTokenizer tokenizer(Tokenizer tokenizer) {
    return new RowTokenizer(tokenizer, options, truncation);
  }
}
