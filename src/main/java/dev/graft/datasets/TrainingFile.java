package dev.graft.datasets;

import dev.graft.artifacts.Digest;

/**
 * An uploaded, validated file that a job may train on.
 *
 * @param bytes of its JSONL rows, as {@code digest}; the file itself may have come packed or as CSV
 */
public record TrainingFile(
    String id, String departmentId, String filename, long bytes, Digest digest, int examples) {}
