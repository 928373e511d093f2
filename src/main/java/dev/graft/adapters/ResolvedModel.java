package dev.graft.adapters;

import dev.graft.artifacts.Digest;
import dev.graft.catalog.BaseModel;
import java.time.Instant;

/** What a model's name means to a department. */
public sealed interface ResolvedModel {
  record Base(BaseModel model) implements ResolvedModel {}

  record FineTuned(Adapter adapter) implements ResolvedModel {}

  /**
   * A checkpoint of a job, whatever became of the job.
   *
   * @param baseManifest of the directory that its training began on
   * @param manifest digest of the manifest blob of its directory
   * @param configuration the resolved {@code adapter} object of the job, as JSON
   */
  record Checkpoint(
      String name,
      String jobId,
      String departmentId,
      String baseModel,
      Digest baseManifest,
      Digest manifest,
      String configuration,
      Instant createdAt)
      implements ResolvedModel {}

  /**
   * The name of a model that a job would make or have made.
   *
   * @param why there is none, as a sentence for the caller
   */
  record Missing(String jobId, String why) implements ResolvedModel {}

  /**
   * The name of what retention has removed.
   *
   * @param why it is not there any more, as a sentence for the caller
   */
  record Removed(String jobId, String why) implements ResolvedModel {}
}
