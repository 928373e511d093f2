package dev.graft.jobs.lease;

import dev.graft.artifacts.Digest;
import java.util.Map;

/**
 * A checkpoint whose files are uploaded.
 *
 * @param step the optimiser step after which it was taken
 * @param manifest digest of its manifest blob
 * @param metrics the newest numbers at that step, by name
 */
public record CheckpointReport(int step, Digest manifest, Map<String, Double> metrics) {
  public CheckpointReport {
    metrics = Map.copyOf(metrics);
  }
}
