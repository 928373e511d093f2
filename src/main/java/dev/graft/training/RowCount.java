package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.Tokenizer;
import dev.graft.weights.TransformersModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a training file comes to: the numbers that a run begins with. The weights need not be there.
 *
 * @param rows that train, after packing
 * @param truncatedRows that {@code max_length} cut
 * @param droppedRows that it left without a token to train
 * @param tokensPerEpoch read, trained or not
 * @param trainedTokensPerEpoch tokens, or labels, whose loss counts
 * @param epochs passes over the rows
 */
record RowCount(
    int rows,
    int truncatedRows,
    int droppedRows,
    long tokensPerEpoch,
    long trainedTokensPerEpoch,
    double epochs,
    long totalSteps) {
  /**
   * @throws BadRun if the file has a problem, with the first few lines
   */
  public static RowCount of(SpecFile file) throws IOException {
    TrainingSpec spec = file.spec();
    RowFile rows =
        RunData.training(file.trainingFile(), file.validationFile(), spec, RunControl.none());
    int maxLength = maxLength(file);
    try (Tokenizer tokenizer = Tokenizer.load(file.baseModel())) {
      if (spec.objective().labelsRows()) {
        return of(
            spec,
            new LabelledFile(rows, spec, tokenizer, maxLength, RunControl.none()).unlabelled());
      }
      Path scratch = Files.createTempDirectory("graft-tokens");
      try {
        String base = RunIdentity.baseModel(file.baseModel());
        TokenCache cache = new TokenCache(scratch);
        Tokenization how = new Tokenization(spec, tokenizer, base, maxLength, cache);
        return of(spec, TrainingData.read(rows, how, RunControl.none()));
      } finally {
        DurableFiles.delete(scratch);
      }
    }
  }

  private static RowCount of(TrainingSpec spec, TrainingData data) {
    BatchPlan plan = new BatchPlan(spec.training(), spec.seed(), data.rows().lengths());
    return new RowCount(
        data.rows().size(),
        data.truncated(),
        data.dropped(),
        data.tokens(),
        data.targets(),
        plan.stepsPerEpoch() == 0 ? 0 : plan.epochs(plan.totalSteps()),
        plan.totalSteps());
  }

  /** What training cuts at. Read from the configuration alone. */
  static int maxLength(SpecFile file) throws IOException {
    byte[] config = Files.readAllBytes(file.baseModel().resolve("config.json"));
    int context = TransformersModel.contextLength(config);
    Integer wanted = file.spec().training().rows().maxLength();
    return wanted == null ? context : Math.min(wanted, context);
  }
}
