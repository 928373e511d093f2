package dev.graft.adapters.registry;

import dev.graft.adapters.Adapter;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobSucceeded;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import java.util.Objects;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.Generated;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/** A row of {@code adapter}; that of a deleted one stays, without its files. */
@Entity
@DynamicUpdate
@Table(name = "adapter")
class AdapterRow {
  @Id private String id;
  @Version private @Nullable Integer version;
  private String departmentId;
  private String name;
  private String jobId;
  private String baseModel;
  private String trainingFile;
  private @Nullable String manifest;
  private String configuration;

  /** PostgreSQL's, made of the configuration. */
  @Column(insertable = false, updatable = false)
  private @Nullable String method;

  @JdbcTypeCode(SqlTypes.JSON)
  private @Nullable String metadata;

  private @Nullable String parentModel;
  private long trainedTokens;

  /** Moved by the statements of {@link AdapterRows} alone. */
  @Column(insertable = false, updatable = false)
  private @Nullable String archive;

  @Column(insertable = false, updatable = false)
  private @Nullable Long archiveBytes;

  private boolean kept;
  private @Nullable Instant deprecatedAt;
  private @Nullable String deprecationNotice;
  private @Nullable Instant retiresAt;

  @Generated(sql = "graft_now()")
  @Column(updatable = false)
  @SuppressWarnings("NullAway.Init") // until it is flushed
  private Instant createdAt;

  private @Nullable Instant deletedAt;
  private @Nullable String deletionReason;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterRow() {}

  AdapterRow(String id, JobSucceeded job) {
    this.id = id;
    this.departmentId = job.departmentId();
    this.name = job.fineTunedModel();
    this.jobId = job.jobId();
    this.baseModel = job.baseModel();
    this.trainingFile = job.trainingFile();
    this.manifest = job.manifest().hex();
    this.configuration = job.adapterJson();
    this.metadata = job.metadataJson();
    this.parentModel = job.parentModel();
    this.trainedTokens = job.trainedTokens();
  }

  /** A deprecation keeps the time of its beginning while its words change. */
  void deprecate(DeprecationRequest said, Instant now) {
    deprecatedAt = deprecatedAt == null ? now : deprecatedAt;
    deprecationNotice = said.notice();
    retiresAt = said.retiresAt();
  }

  void undeprecate() {
    deprecatedAt = null;
    deprecationNotice = null;
    retiresAt = null;
  }

  void keep(boolean wanted) {
    kept = wanted;
  }

  /**
   * @param reason {@code retention}, or null where somebody asked for it
   */
  void delete(@Nullable String reason, Instant now) {
    deletedAt = now;
    deletionReason = reason;
    manifest = null;
  }

  /** One that is there. */
  Adapter adapter() {
    return new Adapter(
        id,
        departmentId,
        name,
        baseModel,
        configuration,
        method,
        new Adapter.Origin(jobId, trainingFile, parentModel, metadata, trainedTokens),
        new Digest(Objects.requireNonNull(manifest)),
        archive == null || archiveBytes == null
            ? null
            : new BlobRef(new Digest(archive), archiveBytes),
        deprecatedAt == null || deprecationNotice == null
            ? null
            : new Adapter.Deprecation(deprecatedAt, deprecationNotice, retiresAt),
        kept,
        version(),
        createdAt);
  }

  /** One that is there, or was. */
  AdapterLineage.Stone stone() {
    return new AdapterLineage.Stone(
        id, name, jobId, parentModel, deletedAt, deletionReason != null);
  }

  String id() {
    return id;
  }

  String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  String jobId() {
    return jobId;
  }

  boolean isKept() {
    return kept;
  }

  int version() {
    return version == null ? 0 : version;
  }
}
