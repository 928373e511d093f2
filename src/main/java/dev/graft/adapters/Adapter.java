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
 * @param archive its tar.gz, once that has been made
 * @param deprecation null where it may be used without a second thought
 * @param kept for ever, whatever its department's retention says
 * @param version another after each change of what its department says of it
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
   * @param parentModel name of what its training continued from, or null
   * @param metadata pairs of the job, as a JSON object, or null
   */
  @Embeddable
  public record Origin(
      String jobId,
      String trainingFile,
      @Nullable String parentModel,
      @JdbcTypeCode(SqlTypes.JSON) @Nullable String metadata,
      long trainedTokens) {}

  /**
   * It should not be used any more, and still can be.
   *
   * @param notice why, and what to use instead, in its department's words
   * @param retiresAt when its department means to delete it; nothing happens by itself
   */
  @Embeddable
  public record Deprecation(
      @Column(name = "deprecated_at") Instant since,
      @Column(name = "deprecation_notice") String notice,
      @Nullable Instant retiresAt) {}
}
