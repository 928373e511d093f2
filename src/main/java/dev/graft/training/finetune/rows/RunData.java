package dev.graft.training.finetune.rows;

import dev.graft.spec.TrainingSpec;
import dev.graft.text.Tokenizer;
import dev.graft.training.finetune.checkpoint.RunIdentity;
import dev.graft.training.finetune.checkpoint.StartFrom;
import dev.graft.training.finetune.run.BadRun;
import dev.graft.training.finetune.run.RunControl;
import dev.graft.training.finetune.run.TrainingRun;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.config.basics.Task;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a run learns from and what it is measured on.
 *
 * @param task what the head of the model is for
 */
public record RunData(Task task, TrainingData training, @Nullable TrainingData validation) {
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
    RowFile training = new RowFile("training_file", run.data().trainingFile());
    Path second = run.data().validationFile();
    RowFile validation = second == null ? null : new RowFile("validation_file", second);
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

  private static void requireText(ModelDirectory base) {
    try {
      base.config().withTask(new Task.CausalLm());
    } catch (IllegalArgumentException e) {
      throw new BadRun(
          "adapter.objective", e.getMessage() + "; objective must be classification or regression");
    }
  }
}
