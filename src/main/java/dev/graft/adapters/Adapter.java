package dev.graft.adapters;

import dev.graft.artifacts.Digest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The published result of a job.
 *
 * @param name the job's {@code fine_tuned_model}, which chats name
 * @param manifest digest of the manifest blob of the result directory
 * @param configuration the resolved {@code adapter} object of the job, as JSON
 * @param parentModel name of what its training continued from, or null
 */
public record Adapter(
    String id,
    String departmentId,
    String name,
    String jobId,
    String baseModel,
    String trainingFile,
    Digest manifest,
    String configuration,
    @Nullable String parentModel,
    long trainedTokens,
    Instant createdAt) {}
