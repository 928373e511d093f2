package dev.graft.adapters;

import static dev.graft.artifacts.NamedBlobs.BlobColumn.Names.BLOB;

import dev.graft.artifacts.NamedBlobs.BlobColumn;
import dev.graft.artifacts.NamedBlobs.BlobReferences;
import java.util.List;
import org.springframework.stereotype.Component;

/** What exports need. */
@Component
class ExportBlobs implements BlobReferences {
  @Override
  public List<BlobColumn> columns() {
    return List.of(new BlobColumn("adapter_export", "content_digest", BLOB));
  }
}
