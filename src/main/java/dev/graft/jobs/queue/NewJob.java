package dev.graft.jobs.queue;

import dev.graft.artifacts.Digest;
import org.jspecify.annotations.Nullable;

/**
 * A job as it enters the queue: checked and resolved.
 *
 * @param methodJson OpenAI's {@code method}, as it will be echoed
 * @param hyperparametersJson OpenAI's {@code hyperparameters}, as they will be echoed
 * @param adapterJson the resolved {@code adapter} object
 * @param parentModel name of the model that training continues from, or null
 * @param startManifest manifest of the directory that training begins with; null where the base has
 *     everything
 * @param approval whether it waits for its approval first
 */
public record NewJob(
    String id,
    String departmentId,
    String baseModel,
    Digest baseManifest,
    String trainingFile,
    Digest trainingDigest,
    @Nullable String validationFile,
    @Nullable Digest validationDigest,
    @Nullable String suffix,
    long seed,
    String methodJson,
    String hyperparametersJson,
    String adapterJson,
    @Nullable String metadataJson,
    int priority,
    JobMemory memory,
    @Nullable String parentModel,
    @Nullable Digest startManifest,
    boolean approval) {}
