package dev.graft.training;

import dev.graft.model.TrainableModel;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.Checkpoints.CheckpointManifest.Environment;
import dev.graft.training.Checkpoints.CheckpointManifest.RunFacts;
import dev.graft.weights.BadModel;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.NamedTensor;
import dev.graft.weights.SafetensorsFile;
import dev.graft.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Checkpoints of one run, a directory each: trained weights, Adam's moments, a manifest with their
 * digests, and further files of the run. A directory gets its name when all its files are on disk;
 * the last two are kept.
 */
final class Checkpoints {
  private static final Logger log = LoggerFactory.getLogger(Checkpoints.class);
  public static final String WEIGHTS = "trained.safetensors";
  private static final String MOMENTS = "optimizer.safetensors";
  private static final String BEST = "best.safetensors";
  private static final String REFERENCE = "reference.safetensors";

  /** Files that a run keeps beside its checkpoints and copies into each of them. */
  private static final List<String> KEPT_BESIDE = List.of(BEST, REFERENCE);

  private static final String MANIFEST = "checkpoint.json";
  private static final int KEPT = 2;
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(SerializationFeature.INDENT_OUTPUT)
          .build();

  private final Path directory;
  private final RunFacts run;
  private final Environment environment;

  public Checkpoints(Path directory, RunFacts run, Environment environment) {
    this.directory = directory;
    this.run = run;
    this.environment = environment;
  }

  /**
   * Writes a checkpoint and returns its directory.
   *
   * @param more writes further files beside the state
   */
  public Path write(TrainableModel model, RunProgress progress, Consumer<Path> more) {
    try {
      Files.createDirectories(directory);
      Path target = directory.resolve("step-%08d".formatted(progress.step()));
      if (Files.isDirectory(target)) return target;
      Path making = Files.createTempDirectory(directory, "making-");
      SafetensorsWriter.write(making.resolve(WEIGHTS), model.trained());
      SafetensorsWriter.write(making.resolve(MOMENTS), model.optimizerState());
      Map<String, String> files = new TreeMap<>();
      more.accept(making);
      copyKept(making);
      for (String name : List.of(WEIGHTS, MOMENTS, BEST, REFERENCE)) {
        Path file = making.resolve(name);
        if (Files.exists(file)) files.put(name, Digests.of(file));
      }
      CheckpointManifest manifest =
          new CheckpointManifest(
              CheckpointManifest.FORMAT,
              progress.step(),
              model.updates(),
              progress.trainedTokens(),
              progress.lossSum(),
              progress.losses(),
              progress.trend(),
              progress.best(),
              progress.evaluationDue(),
              progress.skippedInARow(),
              run,
              environment,
              files);
      DurableFiles.write(making.resolve(MANIFEST), JSON.writeValueAsBytes(manifest));
      DurableFiles.publish(making, target);
      prune();
      return target;
    } catch (IOException e) {
      throw new UncheckedIOException("a checkpoint cannot be written", e);
    }
  }

  private void copyKept(Path making) throws IOException {
    for (String name : KEPT_BESIDE) {
      Path file = directory.resolve(name);
      if (Files.exists(file)) Files.copy(file, making.resolve(name));
    }
  }

  /**
   * Restores the state of a checkpoint.
   *
   * @throws BadRun if it is damaged or belongs to another run
   */
  public RunProgress restore(Path checkpoint, TrainableModel model) {
    CheckpointManifest manifest = verified(checkpoint);
    String difference = difference(manifest.run(), run);
    if (difference != null) {
      throw new BadRun("resume_from", "the checkpoint belongs to a run with other " + difference);
    }
    if (!manifest.environment().equals(environment)) {
      log.atWarn()
          .addKeyValue("then", manifest.environment())
          .addKeyValue("now", environment)
          .log("resume_environment_differs");
    }
    try (SafetensorsFile weights = SafetensorsFile.open(checkpoint.resolve(WEIGHTS));
        SafetensorsFile moments = SafetensorsFile.open(checkpoint.resolve(MOMENTS))) {
      model.restore(named(weights), named(moments), manifest.updates());
      takeKept(checkpoint, manifest);
    } catch (BadModel | IllegalArgumentException e) {
      throw new BadRun("resume_from", "the checkpoint does not fit: " + e.getMessage());
    }
    RunProgress.LossTrend trend = manifest.trend();
    Long losses = manifest.losses();
    Integer skipped = manifest.skippedInARow();
    return new RunProgress(
        manifest.step(),
        manifest.trainedTokens(),
        manifest.lossSum(),
        losses == null ? manifest.trainedTokens() : losses,
        trend == null ? RunProgress.LossTrend.NONE : trend,
        manifest.best(),
        Boolean.TRUE.equals(manifest.evaluationDue()),
        skipped == null ? 0 : skipped);
  }

  /** Returns the file of the best weights so far. */
  public Path bestWeights() {
    return directory.resolve(BEST);
  }

  /** Returns the file of the reference's log-probabilities, see {@code ReferenceLogps}. */
  public Path reference() {
    return directory.resolve(REFERENCE);
  }

  /** Removes the files of an earlier run when a run starts without a checkpoint. */
  public void begin() {
    try {
      for (String name : KEPT_BESIDE) Files.deleteIfExists(directory.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException("the files of an earlier run cannot be removed", e);
    }
  }

  private void takeKept(Path checkpoint, CheckpointManifest manifest) {
    try {
      Files.createDirectories(directory);
      for (String name : KEPT_BESIDE) {
        if (!manifest.files().containsKey(name)) continue;
        Path file = directory.resolve(name);
        Files.copy(checkpoint.resolve(name), file, StandardCopyOption.REPLACE_EXISTING);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("a file of the checkpoint cannot be copied", e);
    }
  }

  /** Returns the newest complete checkpoint in a directory. */
  public static Optional<Path> newest(Path directory) {
    for (Path each : newestFirst(directory)) {
      try {
        verified(each);
        return Optional.of(each);
      } catch (BadRun damaged) {
        log.atWarn().addKeyValue("checkpoint", each.getFileName()).log("checkpoint_damaged");
      }
    }
    return Optional.empty();
  }

  private static List<Path> newestFirst(Path directory) {
    if (!Files.isDirectory(directory)) return List.of();
    try (Stream<Path> all = Files.list(directory)) {
      return all.filter(each -> each.getFileName().toString().matches("step-\\d{8,}"))
          .filter(each -> Files.isRegularFile(each.resolve(MANIFEST)))
          .sorted(Comparator.comparing(Path::getFileName).reversed())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("checkpoints cannot be listed", e);
    }
  }

  private static CheckpointManifest verified(Path checkpoint) {
    try {
      CheckpointManifest manifest =
          JSON.readValue(
              Files.readAllBytes(checkpoint.resolve(MANIFEST)), CheckpointManifest.class);
      if (manifest.format() != CheckpointManifest.FORMAT) {
        throw new BadRun("resume_from", "the checkpoint has another format: " + manifest.format());
      }
      for (String name : manifest.files().keySet()) {
        if (!Digests.of(checkpoint.resolve(name)).equals(manifest.files().get(name))) {
          throw new BadRun("resume_from", "the checkpoint is damaged: " + name);
        }
      }
      return manifest;
    } catch (IOException | JacksonException | NullPointerException e) {
      throw new BadRun("resume_from", "there is no complete checkpoint");
    }
  }

  private static List<NamedTensor> named(SafetensorsFile file) {
    return file.tensors().stream().map(MappedTensor::named).toList();
  }

  private void prune() throws IOException {
    List<Path> all = newestFirst(directory);
    for (Path old : all.subList(Math.min(KEPT, all.size()), all.size())) DurableFiles.delete(old);
  }

  /**
   * {@code checkpoint.json}.
   *
   * @param step optimiser steps of the run so far
   * @param updates the t of Adam's bias correction
   * @param trainedTokens targets so far
   * @param lossSum nats so far, for the mean over the run
   * @param losses number of terms of that sum; null in the checkpoints of older releases, which sum
   *     over trained tokens
   * @param trend of the losses; null in the checkpoints of older releases
   * @param best evaluation so far
   * @param evaluationDue whether the evaluation after the step is still due; null in the
   *     checkpoints of older releases, where it is done
   * @param skippedInARow consecutive skipped steps before the next one; null in the checkpoints of
   *     older releases, which had none
   * @param run facts of the run that the checkpoint belongs to
   * @param files SHA-256 of the other files, by name
   */
  record CheckpointManifest(
      int format,
      long step,
      long updates,
      long trainedTokens,
      double lossSum,
      @Nullable Long losses,
      RunProgress.@Nullable LossTrend trend,
      RunProgress.@Nullable BestEvaluation best,
      @Nullable Boolean evaluationDue,
      @Nullable Integer skippedInARow,
      RunFacts run,
      Environment environment,
      Map<String, String> files) {
    static final int FORMAT = 2;

    /**
     * The inputs of a run; a checkpoint fits exactly a run with equal facts.
     *
     * @param adapter the resolved object of the request. In full, not a digest: a later release,
     *     which knows more settings, must recognise the same run
     * @param start digest of the weights that training continued from; null = the method's own
     *     start
     * @param baseModel digest, as is {@code trainingFile}
     */
    record RunFacts(
        JsonNode adapter,
        long seed,
        @Nullable String start,
        String baseModel,
        String trainingFile) {}

    /** The environment that the last bits of the numbers depend on. */
    public record Environment(String libtorch, int threads, String instructionSet) {}
  }

  public static RunFacts runFacts(TrainingRun run, String trainingFileSha256) {
    StartFrom start = StartFrom.of(run);
    TrainingSpec spec = run.spec();
    return new RunFacts(
        TrainingSpec.toJson(spec),
        spec.seed(),
        start == null ? null : start.sha256(),
        baseModel(run.base().directory()),
        trainingFileSha256);
  }

  /** Returns the part in which two runs differ, in words; null = they are the same run. */
  static @Nullable String difference(RunFacts one, RunFacts other) {
    if (!settings(one).equals(settings(other)) || !Objects.equals(one.start(), other.start())) {
      return "settings";
    }
    if (!one.trainingFile().equals(other.trainingFile())) return "training data";
    return one.baseModel().equals(other.baseModel()) ? null : "base model";
  }

  /**
   * Returns the settings that change numbers. It omits the forms of the result, how often to
   * evaluate and save, the guards that skip or end steps, recomputation, and how the rows of a step
   * are split into micro-batches (a retry after a lack of memory split them finer in earlier
   * releases). Missing settings get this release's defaults; settings that this release rejects are
   * compared as they are.
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
    // As text, because a number may have another node type after reading.
    return JsonNodeFactory.instance.stringNode(json.put("seed", spec.seed()).toString());
  }

  /**
   * Returns a digest of the names and sizes of the weights and of the contents of the small files,
   * because a digest of all contents takes minutes.
   */
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
