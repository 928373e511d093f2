package dev.graft.adapters;

import dev.graft.adapters.Adapter.Deprecation;
import dev.graft.adapters.Adapter.Origin;
import dev.graft.adapters.Adapters.DeprecationRequest;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobSucceeded;
import dev.graft.platform.AssignedId;
import jakarta.persistence.Column;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import java.util.Objects;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** The row of a published adapter. It stays, without the files, after the adapter is deleted. */
@Entity
@Table(name = "adapter")
@DynamicUpdate
class StoredAdapter extends AssignedId {
  private static final String RETENTION = "retention";

  private String departmentId;
  private String name;
  private String baseModel;

  /** JSON. */
  private String configuration;

  /** PostgreSQL computes it from the configuration. */
  @Column(insertable = false, updatable = false)
  private @Nullable String method;

  @Embedded private Origin origin;

  /** SHA-256; null once the adapter is deleted. */
  private @Nullable String manifest;

  private @Nullable String archive;
  private @Nullable Long archiveBytes;
  @Embedded private @Nullable Deprecation deprecation;
  private boolean kept;
  @Version private int version;
  private Instant createdAt;
  private @Nullable Instant deletedAt;
  private @Nullable String deletionReason;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected StoredAdapter() {}

  StoredAdapter(String id, JobSucceeded job, Instant now) {
    super(id);
    this.departmentId = job.departmentId();
    this.name = job.fineTunedModel();
    this.baseModel = job.baseModel();
    this.configuration = job.adapterJson();
    this.origin =
        new Origin(
            job.jobId(),
            job.trainingFile(),
            job.parentModel(),
            job.metadataJson(),
            job.trainedTokens());
    this.manifest = job.manifest().hex();
    this.createdAt = now;
  }

  /**
   * A deprecation keeps its start while its notice changes.
   *
   * @param request null withdraws the deprecation
   */
  void deprecate(@Nullable DeprecationRequest request, Instant now) {
    Instant since = deprecation == null ? now : deprecation.since();
    deprecation =
        request == null ? null : new Deprecation(since, request.notice(), request.retiresAt());
  }

  void keep(boolean keep) {
    kept = keep;
  }

  void delete(boolean byRetention, Instant now) {
    deletedAt = now;
    deletionReason = byRetention ? RETENTION : null;
    manifest = null;
    archive = null;
    archiveBytes = null;
  }

  /** Only of an adapter that is not deleted. */
  Adapter view() {
    return new Adapter(
        id(),
        departmentId,
        name,
        baseModel,
        configuration,
        method,
        origin,
        new Digest(Objects.requireNonNull(manifest)),
        archive == null || archiveBytes == null
            ? null
            : new BlobRef(new Digest(archive), archiveBytes),
        deprecation,
        kept,
        version,
        createdAt);
  }

  String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  Origin origin() {
    return origin;
  }

  boolean kept() {
    return kept;
  }

  int version() {
    return version;
  }

  @Nullable Instant deletedAt() {
    return deletedAt;
  }

  boolean deletedByRetention() {
    return deletionReason != null;
  }
}
