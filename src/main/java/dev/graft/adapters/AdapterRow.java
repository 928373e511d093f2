package dev.graft.adapters;

import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobSucceeded;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A row of {@code adapter}; only its archive is added later, by {@link AdapterRows#keepArchive}.
 */
@Entity
@Table(name = "adapter")
class AdapterRow {
  @Id private String id;
  private String departmentId;
  private String name;
  private String jobId;
  private String baseModel;
  private String trainingFile;
  private String manifest;
  private String configuration;
  private long trainedTokens;
  private @Nullable String parentModel;
  private @Nullable String archive;
  private @Nullable Long archiveBytes;
  private Instant createdAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected AdapterRow() {}

  AdapterRow(String id, JobSucceeded job, Instant createdAt) {
    this.id = id;
    this.departmentId = job.departmentId();
    this.name = job.fineTunedModel();
    this.jobId = job.jobId();
    this.baseModel = job.baseModel();
    this.trainingFile = job.trainingFile();
    this.manifest = job.manifest().hex();
    this.configuration = job.adapterJson();
    this.parentModel = job.parentModel();
    this.trainedTokens = job.trainedTokens();
    this.createdAt = createdAt;
  }

  Adapter adapter() {
    return new Adapter(
        id,
        departmentId,
        name,
        jobId,
        baseModel,
        trainingFile,
        new Digest(manifest),
        configuration,
        parentModel,
        trainedTokens,
        createdAt);
  }

  Optional<BlobRef> archive() {
    if (archive == null || archiveBytes == null) return Optional.empty();
    return Optional.of(new BlobRef(new Digest(archive), archiveBytes));
  }
}
