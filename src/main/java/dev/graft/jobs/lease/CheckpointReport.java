package dev.graft.jobs.lease;

import dev.graft.artifacts.Digest;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A checkpoint whose files are uploaded.
 *
 * @param step the optimiser step after which it was taken
 * @param manifest digest of its manifest blob
 * @param metrics the newest numbers at that step, by name
 * @param epoch passes over the data so far, as is {@code trainedTokens}: where the job is again if
 *     it goes on from here; null from a worker that does not say
 */
public record CheckpointReport(
    int step,
    Digest manifest,
    Map<String, Double> metrics,
    @Nullable Double epoch,
    @Nullable Long trainedTokens) {
  public CheckpointReport {
    metrics = Map.copyOf(metrics);
  }
}
