package dev.graft.adapters;

import dev.graft.artifacts.Digest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * The published result of a job.
 *
 * @param departmentName of its department, as its models' owner
 * @param name the job's {@code fine_tuned_model}, which chats name
 * @param manifest digest of the manifest blob of the result directory
 * @param configuration the resolved {@code adapter} object of the job, as JSON
 * @param method {@code peft_type}, or the type of a method that PEFT lacks; null where the
 *     configuration names none
 * @param metadata pairs of the job, as a JSON object, or null
 * @param parentModel name of what its training continued from, or null
 * @param deprecation null where it may be used without a second thought
 * @param kept for ever, whatever its department's retention says
 * @param deleteAt when that removes it; null where no notice tells so
 */
public record Adapter(
    String id,
    String departmentId,
    String departmentName,
    String name,
    String jobId,
    String baseModel,
    String trainingFile,
    Digest manifest,
    String configuration,
    @Nullable String method,
    @Nullable String metadata,
    @Nullable String parentModel,
    @Nullable AdapterDeprecation deprecation,
    boolean kept,
    @Nullable Instant deleteAt,
    long trainedTokens,
    Instant createdAt) {}
