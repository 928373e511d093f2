package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * The request of one run. All paths are local.
 *
 * @param adapter the {@code adapter} object of a request, resolved or not
 * @param parent model that it continues from; null = none
 */
public record RunRequest(
    JsonNode adapter,
    long seed,
    Base base,
    Data data,
    Directories directories,
    @Nullable Parent parent,
    Machine machine) {
  /**
   * The base model.
   *
   * @param directory with config.json, safetensors and tokenizer.json
   * @param name its name in the result
   */
  public record Base(Path directory, String name) {
    public Base {
      Objects.requireNonNull(directory, "base.directory");
      Objects.requireNonNull(name, "base.name");
    }
  }

  /** JSONL files. */
  public record Data(Path trainingFile, @Nullable Path validationFile) {
    public Data {
      Objects.requireNonNull(trainingFile, "data.training_file");
    }
  }

  /**
   * The directories that the run writes to and resumes from.
   *
   * @param output created if necessary; the result appears completely or not at all, its weights
   *     last
   * @param checkpoints of this run, one directory each; the last two are kept
   * @param resumeFrom a checkpoint of a run with the same spec, data and base
   * @param tokens directory of tokenised rows, which runs may share; null = beside the checkpoints
   */
  public record Directories(
      Path output, Path checkpoints, @Nullable Path resumeFrom, @Nullable Path tokens) {
    /** Directories with tokenised rows beside the checkpoints. */
    public Directories(Path output, Path checkpoints, @Nullable Path resumeFrom) {
      this(output, checkpoints, resumeFrom, null);
    }

    public Directories {
      Objects.requireNonNull(output, "directories.output");
      Objects.requireNonNull(checkpoints, "directories.checkpoints");
    }
  }

  /**
   * A model of an earlier run.
   *
   * @param name its name in the result
   * @param directory of its adapter, or of a checkpoint with the base's trained weights, from which
   *     training continues with a new optimiser; null = the base already contains it
   */
  public record Parent(String name, @Nullable Path directory) {
    public Parent {
      Objects.requireNonNull(name, "parent.name");
    }
  }

  /**
   * The resources of the run.
   *
   * @param device by libtorch's name
   * @param threads CPU threads of the computation; 0 = all
   * @param memory bytes of the device that the run may take; null = not known
   * @param least whether to use the minimum of memory, after an earlier run ran out of it
   */
  public record Machine(String device, int threads, @Nullable Long memory, boolean least) {
    public Machine {
      Objects.requireNonNull(device, "machine.device");
    }

    /** Resources with an unknown amount of memory. */
    public Machine(String device, int threads) {
      this(device, threads, null, false);
    }
  }

  public RunRequest {
    Objects.requireNonNull(adapter, "adapter");
    Objects.requireNonNull(base, "base");
    Objects.requireNonNull(data, "data");
    Objects.requireNonNull(directories, "directories");
    Objects.requireNonNull(machine, "machine");
  }

  /**
   * @throws dev.graft.spec.SpecRejected with the problems of the adapter
   */
  public TrainingSpec spec() {
    return TrainingSpec.resolve(adapter, null, null, JsonNodeFactory.instance.numberNode(seed));
  }
}
