package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import dev.graft.spec.Resources;
import org.jspecify.annotations.Nullable;

/** A job as it enters the queue: checked and resolved. */
record NewJob(
    String id,
    String departmentId,
    Base base,
    Data data,
    Settings settings,
    @Nullable String suffix,
    @Nullable String metadataJson,
    Turn turn) {
  /**
   * What training begins with.
   *
   * @param parent name of the model that it continues from, or null
   * @param start manifest of the directory that it begins with; null where the base has everything
   */
  public record Base(
      String model, Digest manifest, @Nullable String parent, @Nullable Digest start) {}

  /** Files, by id and content. */
  public record Data(
      String training,
      Digest trainingDigest,
      @Nullable String validation,
      @Nullable Digest validationDigest) {}

  /**
   * @param methodJson OpenAI's {@code method}, as it will be echoed
   * @param hyperparametersJson OpenAI's {@code hyperparameters}, as they will be echoed
   * @param adapterJson the resolved {@code adapter} object
   */
  public record Settings(
      long seed, String methodJson, String hyperparametersJson, String adapterJson) {}

  /**
   * What decides when and where it starts.
   *
   * @param approval whether it waits for its approval first
   */
  public record Turn(int priority, JobMemory memory, Resources resources, boolean approval) {
    /** Before any run of it. */
    JobNeeds needs() {
      return new JobNeeds(resources, memory.bytes());
    }
  }
}
