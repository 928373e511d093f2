package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The job that a model's name leads to.
 *
 * @param baseManifest of the directory that its training began on: the base model's, or that of the
 *     whole model which it continued from
 * @param adapterJson the resolved {@code adapter} object
 * @param checkpointsDeletedAt when retention removed them, if it did
 * @param checkpoint the one that the name ends with; null if it ends with none, or there is none
 */
public record SourceJob(
    String id,
    String departmentId,
    JobState state,
    String baseModel,
    Digest baseManifest,
    String adapterJson,
    @Nullable Instant checkpointsDeletedAt,
    @Nullable Checkpoint checkpoint) {
  /**
   * @param manifest digest of its manifest blob
   */
  public record Checkpoint(String id, int step, Digest manifest, Instant createdAt) {}
}
