package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import java.time.Instant;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/**
 * The published result of a job.
 *
 * @param name the job's {@code fine_tuned_model}, which chats name
 * @param configuration the resolved {@code adapter} object of the job, as JSON
 * @param method {@code peft_type}, or the type of a method that PEFT lacks; null where the
 *     configuration names none
 * @param manifest digest of the manifest blob of the result directory
 * @param archive its tar.gz, once it is packed
 * @param deprecation null if it is not deprecated
 * @param kept whether retention spares it
 * @param version grows with each change by its department
 */
public record Adapter(
    String id,
    String departmentId,
    String name,
    String baseModel,
    String configuration,
    @Nullable String method,
    Origin origin,
    Digest manifest,
    @Nullable BlobRef archive,
    @Nullable Deprecation deprecation,
    boolean kept,
    int version,
    Instant createdAt) {
  /**
   * The job that made it.
   *
   * @param parentModel name of the model that its training continued from, or null
   * @param metadata of the job, as a JSON object, or null
   */
  @Embeddable
  public record Origin(
      String jobId,
      String trainingFile,
      @Nullable String parentModel,
      @JdbcTypeCode(SqlTypes.JSON) @Nullable String metadata,
      long trainedTokens) {}

  /**
   * A deprecated adapter can still be used.
   *
   * @param notice reason and replacement, written by its department
   * @param retiresAt when its department plans to delete it; nothing happens automatically
   */
  @Embeddable
  public record Deprecation(
      @Column(name = "deprecated_at") Instant since,
      @Column(name = "deprecation_notice") String notice,
      @Nullable Instant retiresAt) {}
}
