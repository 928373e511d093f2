package dev.graft.jobs;

import dev.graft.artifacts.Digest;

/**
 * A result or a checkpoint that another job may continue from.
 *
 * @param name such as {@code ft:base:department:suffix:id} or {@code ...:ckpt-step-100}
 * @param jobId the job that made it
 * @param baseModel the registered base that its line of jobs began with
 * @param manifest digest of the manifest blob of its directory
 * @param configuration the resolved {@code adapter} object of its job, as JSON
 */
public record ParentModel(
    String name, String jobId, String baseModel, Digest manifest, String configuration) {}
