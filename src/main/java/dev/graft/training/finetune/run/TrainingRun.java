package dev.graft.training.finetune.run;

import dev.graft.spec.TrainingSpec;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What to train, on what, and where to.
 *
 * @param baseModelName what the result calls its base
 * @param output where the result's files go; the weights last
 * @param checkpoints where checkpoints go, one directory each
 * @param resumeFrom a checkpoint of a run with the same spec, data and base
 * @param threads CPU threads of the math
 * @param parentModel what the result calls the model that it continues from, if it does
 * @param startFrom PEFT directory of the adapter whose training goes on, with a new optimiser
 */
public record TrainingRun(
    TrainingSpec spec,
    Path baseModel,
    String baseModelName,
    Path trainingFile,
    @Nullable Path validationFile,
    Path output,
    Path checkpoints,
    @Nullable Path resumeFrom,
    int threads,
    @Nullable String parentModel,
    @Nullable Path startFrom) {
  /** From the start that the method has. */
  public TrainingRun(
      TrainingSpec spec,
      Path baseModel,
      String baseModelName,
      Path trainingFile,
      @Nullable Path validationFile,
      Path output,
      Path checkpoints,
      @Nullable Path resumeFrom,
      int threads) {
    this(
        spec,
        baseModel,
        baseModelName,
        trainingFile,
        validationFile,
        output,
        checkpoints,
        resumeFrom,
        threads,
        null,
        null);
  }

  /** The same, continuing from what an earlier run has made, which is called as its directory. */
  public TrainingRun startingFrom(@Nullable Path earlier) {
    return new TrainingRun(
        spec,
        baseModel,
        baseModelName,
        trainingFile,
        validationFile,
        output,
        checkpoints,
        resumeFrom,
        threads,
        earlier == null ? null : String.valueOf(earlier.toAbsolutePath().normalize().getFileName()),
        earlier);
  }
}
