package dev.graft.jobs;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;

import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import java.util.List;
import org.springframework.stereotype.Component;

/**
 * What jobs need: their inputs and all that workers have uploaded until they end, checkpoints until
 * they are deleted. What came of one is the adapter's.
 */
@Component
class JobBlobs implements BlobReferences {
  private static final String UNFINISHED = "finished_at is null";

  /** A checkpoint is served and trained on with the base that its job had. */
  private static final String UNFINISHED_OR_WITH_CHECKPOINTS =
      UNFINISHED + " or exists (select from job_checkpoint c where c.job_id = job.id)";

  private static final String OF_UNFINISHED =
      "exists (select from job where job.id = job_blob.job_id and job.finished_at is null)";

  @Override
  public List<BlobColumn> columns() {
    return List.of(
        new BlobColumn("job", "base_manifest", MANIFEST, UNFINISHED_OR_WITH_CHECKPOINTS),
        new BlobColumn("job", "training_digest", BLOB, UNFINISHED),
        new BlobColumn("job", "validation_digest", BLOB, UNFINISHED),
        new BlobColumn("job", "start_manifest", MANIFEST, UNFINISHED),
        new BlobColumn("job_checkpoint", "manifest", MANIFEST),
        new BlobColumn("job_blob", "digest", BLOB, OF_UNFINISHED));
  }
}
