package dev.graft.training.protocol;

import dev.graft.spec.TrainingSpec;
import dev.graft.spec.request.TrainingSpecs;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * One run. Every path is a local one.
 *
 * @param adapter the {@code adapter} object of a request, resolved or not
 * @param baseModel directory with config.json, safetensors and tokenizer.json
 * @param baseModelName what the result calls its base; null = the directory
 * @param trainingFile JSONL
 * @param output directory to make; it appears whole or not at all
 * @param checkpointDir directory for this run's checkpoints; the last two are kept
 * @param resumeFrom a checkpoint directory of the same spec and data
 * @param threads CPU threads of the math; null = as many as there are
 * @param parentModel what the result calls the model that it continues from; null = it does not
 * @param startFrom directory of the adapter, or of the checkpoint of training the base's own
 *     weights, that an earlier run made and this one continues from
 */
public record RunRequest(
    JsonNode adapter,
    long seed,
    String baseModel,
    @Nullable String baseModelName,
    String trainingFile,
    @Nullable String validationFile,
    String output,
    String checkpointDir,
    @Nullable String resumeFrom,
    @Nullable Integer threads,
    @Nullable String parentModel,
    @Nullable String startFrom) {

  public RunRequest {
    Objects.requireNonNull(adapter, "adapter");
    Objects.requireNonNull(baseModel, "base_model");
    Objects.requireNonNull(trainingFile, "training_file");
    Objects.requireNonNull(output, "output");
    Objects.requireNonNull(checkpointDir, "checkpoint_dir");
  }

  /**
   * @throws dev.graft.spec.fields.SpecRejected with the problems of the adapter
   */
  public TrainingSpec spec() {
    return TrainingSpecs.resolve(adapter, null, null, JsonNodeFactory.instance.numberNode(seed));
  }
}
