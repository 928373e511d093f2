package dev.graft.training;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.CheckpointManifest.RunFacts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What makes two runs the same run. */
final class RunIdentity {
  private RunIdentity() {}

  public static RunFacts of(TrainingRun run, String trainingFileSha256) {
    StartFrom start = StartFrom.of(run);
    TrainingSpec spec = run.spec();
    return new RunFacts(
        TrainingSpec.toJson(spec),
        spec.seed(),
        start == null ? null : start.sha256(),
        baseModel(run.base().directory()),
        trainingFileSha256);
  }

  /** What of one is not that of the other, in words; null = they are the same run. */
  static @Nullable String difference(RunFacts one, RunFacts other) {
    if (!settings(one).equals(settings(other)) || !Objects.equals(one.start(), other.start())) {
      return "settings";
    }
    if (!one.trainingFile().equals(other.trainingFile())) return "training data";
    return one.baseModel().equals(other.baseModel()) ? null : "base model";
  }

  /**
   * Settings that change no number are left out: forms of the result, how often to evaluate and
   * save, what becomes of steps that would end the run, what is computed again, and how the rows of
   * a step are split into micro-batches (a retry after a lack of memory split them finer in earlier
   * releases). Those that are missing get this release's defaults; what this release refuses is
   * compared as it was written.
   */
  private static JsonNode settings(RunFacts run) {
    TrainingSpec spec;
    try {
      JsonNode seed = JsonNodeFactory.instance.numberNode(run.seed());
      spec = TrainingSpec.resolve(run.adapter(), null, null, seed);
    } catch (SpecRejected otherRelease) {
      return run.adapter();
    }
    ObjectNode json = TrainingSpec.toJson(spec).without("output");
    Hyperparameters training = spec.training();
    ((ObjectNode) json.get("training"))
        .without(
            List.of(
                "eval_steps",
                "save_steps",
                "save_minutes",
                "loss_spike_guard",
                "skip_nonfinite_steps",
                "gradient_checkpointing",
                "per_device_train_batch_size",
                "gradient_accumulation_steps"))
        .put(
            "batch_size",
            training.batching().perDeviceTrainBatchSize()
                * (long) training.batching().gradientAccumulationSteps());
    // As text: a number that was read back may be of another node type.
    return JsonNodeFactory.instance.stringNode(json.put("seed", spec.seed()).toString());
  }

  /** Names and sizes of the weights, contents of the small files: a whole digest takes minutes. */
  public static String baseModel(Path directory) {
    StringBuilder text = new StringBuilder();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".safetensors")) {
          text.append(name).append(' ').append(Files.size(file)).append('\n');
        } else if (name.endsWith(".json") || name.endsWith(".jinja")) {
          text.append(name).append(' ').append(Digests.of(file)).append('\n');
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the base model cannot be read", e);
    }
    return Digests.of(text.toString().getBytes(StandardCharsets.UTF_8));
  }
}
