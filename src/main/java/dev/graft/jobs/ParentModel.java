package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import org.jspecify.annotations.Nullable;

/**
 * A result or a checkpoint that another job may continue from.
 *
 * @param name such as {@code ft:base:department:suffix:id} or {@code ...:ckpt-step-100}
 * @param jobId the job that made it
 * @param baseModel the registered base that its line of jobs began with
 * @param manifest digest of the manifest blob of its directory
 * @param configuration the resolved {@code adapter} object of its job, as JSON
 * @param deprecation why it should not be used any more; null = it may be
 */
public record ParentModel(
    String name,
    String jobId,
    String baseModel,
    Digest manifest,
    String configuration,
    @Nullable String deprecation) {}
