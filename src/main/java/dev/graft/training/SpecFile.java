package dev.graft.training;

import dev.graft.spec.Hyperparameters.EvaluationOptions;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.SpecRejected.Problem;
import dev.graft.spec.TrainingSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code SPEC.json} of {@code graft train}: {@code {"base_model": DIR, "training_file": FILE,
 * "validation_file": FILE?, "adapter": {...}, "seed": 42}}.
 */
record SpecFile(
    Path baseModel,
    Path trainingFile,
    @Nullable Path validationFile,
    TrainingSpec spec,
    @Nullable Path startFrom) {
  private static final Set<String> KEYS =
      Set.of("base_model", "training_file", "validation_file", "adapter", "seed");

  /**
   * @param startFrom PEFT directory of the adapter whose training continues; null = none
   * @throws SpecRejected with every problem at its JSON path
   * @throws BadRun if there is no adapter whose training can continue
   */
  public static SpecFile read(Path file, @Nullable Path startFrom) {
    JsonNode json = json(file);
    List<Problem> problems = new ArrayList<>();
    for (String key : json.propertyNames()) {
      if (!KEYS.contains(key)) problems.add(TrainingSpec.unknown(key, KEYS));
    }
    Path baseModel = path(json, "base_model", true, problems);
    Path trainingFile = path(json, "training_file", true, problems);
    Path validationFile = path(json, "validation_file", false, problems);
    TrainingSpec spec = null;
    try {
      JsonNode adapter = json.get("adapter");
      if (startFrom != null) adapter = StartFrom.inherit(startFrom, adapter);
      spec = TrainingSpec.resolve(adapter, null, null, json.get("seed"));
    } catch (SpecRejected e) {
      problems.addAll(e.problems());
    }
    if (validationFile != null && spec != null && spec.training().evaluation().heldOut() > 0) {
      problems.add(new Problem("adapter.training.held_out", EvaluationOptions.ONE_OF_TWO));
    }
    if (baseModel == null || trainingFile == null || spec == null || !problems.isEmpty()) {
      throw new SpecRejected(problems);
    }
    return new SpecFile(baseModel, trainingFile, validationFile, spec, startFrom);
  }

  /**
   * @throws SpecRejected if the file does not hold a JSON object
   */
  public static JsonNode json(Path file) {
    try {
      JsonNode json = new JsonMapper().readTree(Files.readString(file));
      if (json.isObject()) return json;
    } catch (IOException | JacksonException e) {
      throw new SpecRejected(List.of(new Problem(file.toString(), "is not a readable JSON file")));
    }
    throw new SpecRejected(List.of(new Problem(file.toString(), "is not a JSON object")));
  }

  private static @Nullable Path path(
      JsonNode json, String key, boolean required, List<Problem> problems) {
    JsonNode value = json.path(key);
    boolean missing = value.isMissingNode() || value.isNull();
    if (missing && !required) return null;
    Path path = value.isString() ? Path.of(value.stringValue()) : null;
    if (path == null || !Files.exists(path)) {
      problems.add(
          new Problem(
              key, missing ? "required" : "must be the path of an existing file or directory"));
    }
    return path;
  }

  /** Returns the same spec without a validation file. */
  public SpecFile withoutValidation() {
    return new SpecFile(baseModel, trainingFile, null, spec, startFrom);
  }

  /**
   * Returns the run of this file into a directory; it resumes from the newest complete checkpoint
   * there.
   */
  public TrainingRun run(Path out, RunRequest.Machine machine) {
    Path checkpoints = out.resolve("checkpoints");
    Path name = baseModel.toAbsolutePath().normalize().getFileName();
    return new TrainingRun(
            spec,
            new RunRequest.Base(baseModel, name == null ? "base" : name.toString()),
            new RunRequest.Data(trainingFile, validationFile),
            new RunRequest.Directories(
                out, checkpoints, Checkpoints.newest(checkpoints).orElse(null)),
            null,
            machine)
        .startingFrom(startFrom);
  }
}
