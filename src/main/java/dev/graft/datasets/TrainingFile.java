package dev.graft.datasets;

import dev.graft.artifacts.Digest;

/** An uploaded, validated file that a job may train on. */
public record TrainingFile(
    String id, String departmentId, String filename, long bytes, Digest digest, int examples) {}
