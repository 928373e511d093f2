package dev.graft.jobs;

import dev.graft.artifacts.Digest;
import org.jspecify.annotations.Nullable;

/**
 * Published in the transaction that completes the job, so that job and adapter commit together.
 *
 * @param fineTunedModel {@code ft:<base>:<department>:<suffix>:<id>}
 * @param manifest digest of the result's manifest blob (the PEFT directory)
 * @param adapterJson the resolved {@code adapter} object of the job
 * @param metadataJson the pairs of the job, or null
 * @param parentModel name of the model that training continued from, or null
 */
public record JobSucceeded(
    String jobId,
    String departmentId,
    String baseModel,
    String fineTunedModel,
    @Nullable String suffix,
    Digest manifest,
    String adapterJson,
    String trainingFile,
    @Nullable String metadataJson,
    @Nullable String parentModel,
    long trainedTokens) {}
