package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.Tokenizer;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a run learns from and what it is measured on.
 *
 * @param task what the head of the model is for
 */
record RunData(Task task, TrainingData training, @Nullable TrainingData validation) {
  /**
   * @throws BadRun if a file has a problem, or the base cannot learn what the objective says
   */
  public static RunData read(
      TrainingRun run,
      ModelDirectory base,
      Tokenizer tokenizer,
      int maxLength,
      RunControl control) {
    TrainingSpec spec = run.spec();
    Path second = run.data().validationFile();
    HeldOut.Parts parts = parts(run.data().trainingFile(), second, spec, control);
    RowFile training = parts.training();
    RowFile validation = parts.validation();
    if (!spec.objective().labelsRows()) {
      requireText(base);
      Tokenization how =
          new Tokenization(
              spec,
              tokenizer,
              RunIdentity.baseModel(run.base().directory()),
              maxLength,
              new TokenCache(run.tokens()));
      return new RunData(
          new Task.CausalLm(),
          TrainingData.read(training, how, control),
          validation == null ? null : TrainingData.read(validation, how, control));
    }
    LabelledFile rows = new LabelledFile(training, spec, tokenizer, maxLength, control);
    StartFrom start = StartFrom.of(run);
    LabelSet labels =
        LabelSet.of(spec.objective(), rows.labels(), base, start == null ? null : start.head());
    return new RunData(
        labels.task(),
        rows.with(labels),
        validation == null
            ? null
            : new LabelledFile(validation, spec, tokenizer, maxLength, control).with(labels));
  }

  /** What is trained on, and what is validated with: a file of its own, or what is held out. */
  private static HeldOut.Parts parts(
      Path training, @Nullable Path validation, TrainingSpec spec, RunControl control) {
    RowFile file = new RowFile("training_file", training);
    return validation == null
        ? HeldOut.Parts.of(file, spec, control)
        : new HeldOut.Parts(file, new RowFile("validation_file", validation));
  }

  /** The rows that train. */
  public static RowFile training(
      Path training, @Nullable Path validation, TrainingSpec spec, RunControl control) {
    return parts(training, validation, spec, control).training();
  }

  private static void requireText(ModelDirectory base) {
    try {
      base.config().withTask(new Task.CausalLm());
    } catch (IllegalArgumentException e) {
      throw new BadRun(
          "adapter.objective", e.getMessage() + "; objective must be classification or regression");
    }
  }
}
