package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * One run. Every path is a local one.
 *
 * @param adapter the {@code adapter} object of a request, resolved or not
 * @param parent what it continues from; null = it does not
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
   * @param name what the result calls it
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
   * Where the run writes, and what it goes on from.
   *
   * @param output made; the result appears whole or not at all, its weights last
   * @param checkpoints of this run, one directory each; the last two are kept
   * @param resumeFrom a checkpoint of a run with the same spec, data and base
   * @param tokens for tokenised rows, which runs may share; null = beside the checkpoints
   */
  public record Directories(
      Path output, Path checkpoints, @Nullable Path resumeFrom, @Nullable Path tokens) {
    /** With tokenised rows beside the checkpoints. */
    public Directories(Path output, Path checkpoints, @Nullable Path resumeFrom) {
      this(output, checkpoints, resumeFrom, null);
    }

    public Directories {
      Objects.requireNonNull(output, "directories.output");
      Objects.requireNonNull(checkpoints, "directories.checkpoints");
    }
  }

  /**
   * A model that an earlier run made.
   *
   * @param name what the result calls it
   * @param directory of its adapter, or of the checkpoint of training the base's own weights, from
   *     which training goes on with a new optimiser; null = the base is it already
   */
  public record Parent(String name, @Nullable Path directory) {
    public Parent {
      Objects.requireNonNull(name, "parent.name");
    }
  }

  /**
   * What computes.
   *
   * @param device as libtorch calls it
   * @param threads CPU threads of the math; 0 = as many as there are
   * @param memory bytes of the device that the run may take; null = not known
   * @param least whether to take as little memory as can be: an earlier run had not enough
   */
  public record Machine(String device, int threads, @Nullable Long memory, boolean least) {
    public Machine {
      Objects.requireNonNull(device, "machine.device");
    }

    /** Of memory that is not known. */
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
