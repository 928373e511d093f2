package dev.graft.adapters;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;
import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.MANIFEST;

import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import java.util.List;
import org.springframework.stereotype.Component;

/** What adapters need; a deleted one has no manifest. */
@Component
class AdapterBlobs implements BlobReferences {
  /** Training that goes on from an adapter begins on the base that its job had. */
  private static final String BASE_OF_ONE =
      "exists (select from adapter a where a.job_id = job.id and a.deleted_at is null)";

  @Override
  public List<BlobColumn> columns() {
    return List.of(
        new BlobColumn("adapter", "manifest", MANIFEST),
        new BlobColumn("adapter", "archive", BLOB, "deleted_at is null"),
        new BlobColumn("job", "base_manifest", MANIFEST, BASE_OF_ONE));
  }
}
